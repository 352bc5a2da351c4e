package dev.baton.runtime.config;

import java.time.Duration;

/** Times as the configuration writes them, also for commands that read one from a user. */
public final class Durations {
    private Durations() {}

    /**
     * Reads a number with one of the units {@code ms}, {@code s}, {@code m} and {@code h}.
     *
     * @throws IllegalArgumentException with what is wrong, as one sentence without a full stop
     */
    public static Duration parse(String text) {
        Scalars.Result result = Scalars.parse(Duration.class, text, true);
        if (result.value() instanceof Duration duration) {
            return duration;
        }
        throw new IllegalArgumentException(result.problem());
    }
}
