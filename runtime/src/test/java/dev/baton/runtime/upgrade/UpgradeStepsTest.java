package dev.baton.runtime.upgrade;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.admin.UpgradeStep;
import dev.baton.spi.admin.UpgradeStep.What;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class UpgradeStepsTest {
    private final AtomicLong clock = new AtomicLong(1_000);
    private final UpgradeSteps steps = new UpgradeSteps(clock::getAndIncrement);

    @Test
    void shouldTellWhoHasDoneWhatAndWhen() {
        steps.add(new UpgradeStep(900, 7, What.STARTED, "by process 6"));
        steps.took(What.SERVES, "");
        steps.seen(6, What.ENDED, "gone");
        assertThat(steps.all())
                .containsExactly(
                        new UpgradeStep(900, 7, What.STARTED, "by process 6"),
                        new UpgradeStep(1_000, ProcessHandle.current().pid(), What.SERVES, ""),
                        new UpgradeStep(1_001, 6, What.ENDED, "gone"));
    }

    @Test
    void shouldForgetTheOldestOfManyAttempts() {
        for (int i = 0; i < UpgradeSteps.KEPT + 10; i++) {
            steps.took(i % 2 == 0 ? What.ASKED : What.FAILED, Integer.toString(i));
        }
        assertThat(steps.all()).hasSize(UpgradeSteps.KEPT);
        assertThat(steps.all().get(0).detail()).isEqualTo("10");
    }
}
