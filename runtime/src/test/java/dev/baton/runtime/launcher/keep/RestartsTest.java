package dev.baton.runtime.launcher.keep;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RestartsTest {
    private static final int KILLED = 128 + 9;

    private final Restarts restarts = new Restarts();

    @Test
    void shouldWaitLongerAfterEachFailureAndBeginAnewAfterAWhileOfHealth() {
        List<Long> pauses = new ArrayList<>();
        restarts.ready(0);
        for (int i = 0; i < 9; i++) {
            pauses.add(restarts.after(KILLED, 1));
            if (i % 2 == 0) { // whether it has served for a moment or failed to start
                restarts.ready(2);
            }
        }
        assertThat(pauses).containsExactly(0L, 1000L, 2000L, 4000L, 8000L, 16_000L, 30_000L, 30_000L, 30_000L);
        restarts.ready(10);
        assertThat(restarts.after(KILLED, 10 + Restarts.WELL_NANOS)).isZero();
        assertThat(restarts.after(KILLED, 11 + Restarts.WELL_NANOS)).isEqualTo(1000);
    }

    /** Each upgrade says READY once more. */
    @Test
    void shouldCountHealthFromTheFirstReady() {
        restarts.ready(0);
        restarts.after(KILLED, 1);
        restarts.ready(10);
        restarts.ready(Restarts.WELL_NANOS);
        assertThat(restarts.after(KILLED, 10 + Restarts.WELL_NANOS)).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2, 64, 70, 78})
    void shouldEndWhereANewStartWouldBeTheSame(int code) {
        restarts.ready(0);
        assertThat(restarts.after(code, 1)).isEqualTo(Restarts.NEVER);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 4, 63, 79, 130, 134, 137, 143})
    void shouldStartAgainWhereItMayGoWell(int code) {
        restarts.ready(0);
        assertThat(restarts.after(code, 1)).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, KILLED})
    void shouldEndIfTheFirstStartFails(int code) {
        assertThat(restarts.after(code, 1)).isEqualTo(Restarts.NEVER);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 4, KILLED})
    void shouldEndIfTheServerWasToStop(int code) {
        restarts.ready(0);
        restarts.stopping();
        assertThat(restarts.after(code, 1)).isEqualTo(Restarts.NEVER);
    }
}
