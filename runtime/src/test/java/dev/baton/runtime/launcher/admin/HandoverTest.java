package dev.baton.runtime.launcher.admin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.upgrade.HandoffAddress;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The command that asked for an upgrade waits for the process that was started for it, also if the one that started it
 * was killed before anybody could see its child: the command gave up then, and the service manager ended the service.
 */
@Timeout(60)
class HandoverTest {
    /** A pid that no process has: numbers end far below. */
    private static final long DEAD = Integer.MAX_VALUE;

    @Test
    void shouldKnowTheProcessThatADeadOneHasStarted() throws Exception {
        // Ends when its input does.
        ProcessBuilder builder = new ProcessBuilder("/bin/sh", "-c", "read end");
        builder.environment().put(HandoffAddress.GIVER, Long.toString(DEAD));
        assertThat(Handover.isAwaited(DEAD)).isFalse();
        Process next = builder.start();
        try {
            assertThat(Handover.isAwaited(DEAD)).isTrue();
            assertThat(Handover.isAwaited(DEAD / 10))
                    .as("of which the number is a beginning")
                    .isFalse();
            next.getOutputStream().close();
            assertThat(next.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(Handover.isAwaited(DEAD)).isFalse();
        } finally {
            next.destroyForcibly();
        }
    }
}
