package dev.baton.testkit;

import dev.baton.spi.poller.PollerProvider;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;

/**
 * What every poller promises, as tests on real sockets: a poller plugin extends this with its provider. The promises
 * are grouped by what they are about, each group an interface of its own.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
public abstract class PollerContract
        implements EventPromises,
                InterestPromises,
                RemovalPromises,
                GenerationPromises,
                WakeupPromises,
                CrowdPromises,
                FailurePromises {
    /** Far above what a busy machine needs, since only a test that fails waits for so long. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private @Nullable PollerRig rig;

    /** For a plugin's test. */
    protected PollerContract() {}

    /** The poller under test. */
    protected abstract PollerProvider provider();

    /** The most events that it reports in one turn. */
    @Override
    public abstract int eventsMax();

    /** How long something that has to happen may take. */
    protected Duration patience() {
        return PATIENCE;
    }

    @Override
    public final PollerRig rig() {
        return Objects.requireNonNull(rig, "no test runs");
    }

    @BeforeEach
    final void openRig() {
        rig = new PollerRig(provider(), patience());
    }

    @AfterEach
    final void closeRig() {
        rig().close();
    }
}
