package dev.baton.plugin.lanes;

import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import java.time.Duration;

/**
 * The section {@code lanes} of the configuration: how fast services with a {@code lane} get their loops and lose them.
 *
 * @param window over which time it is averaged what a service takes
 * @param rest how long a service must have been modest until its connections go back
 */
public record LanesConfig(
        @Default("3s") @Range(min = "300ms", max = "10m") Duration window,
        @Default("30s") @Range(min = "300ms", max = "1h") Duration rest) {
    /** Of a window: one of them says too little. */
    static final int LOOKS = 3;

    /** How much time one look covers. */
    Duration period() {
        return window.dividedBy(LOOKS);
    }
}
