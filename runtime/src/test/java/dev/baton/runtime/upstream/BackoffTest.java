package dev.baton.runtime.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.upstream.Backoff.Cause;
import dev.baton.runtime.upstream.Backoff.Limits;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** The table of {@link Backoff}, row by row, for what the answers of a server are. */
class BackoffTest {
    private static final Duration CONNECT = Duration.ofSeconds(5);
    private final Backoff backoff =
            new Backoff(new Limits(2, 3, Duration.ofSeconds(1).toNanos()), CONNECT.toNanos());
    private long now = Long.MAX_VALUE - 1; // the clock may begin anywhere

    private void pass(long millis) {
        now += Duration.ofMillis(millis).toNanos();
    }

    /** A request that is sent now has no answer. */
    private boolean unanswered() {
        return backoff.unanswered(now, now);
    }

    private boolean error() {
        return backoff.error(now, now);
    }

    private boolean answered() {
        return backoff.answered(now);
    }

    private Cause cause() {
        return Objects.requireNonNull(backoff.leftOut()).cause();
    }

    private void leaveOut() {
        unanswered();
        assertThat(unanswered()).isTrue();
    }

    @Test
    void requestsInARowWithoutAnAnswerLeaveItOut() {
        assertThat(unanswered()).isFalse();
        assertThat(answered()).as("it was in use").isFalse();
        assertThat(unanswered()).isFalse();
        assertThat(backoff.isLeftOut()).isFalse();
        assertThat(backoff.admits(now, false)).isTrue();
        assertThat(unanswered()).isTrue();
        assertThat(cause()).isEqualTo(Cause.NO_ANSWER);
        assertThat(backoff.admits(now)).isFalse();
    }

    @Test
    void errorsAreCountedApart() {
        error();
        unanswered();
        error(); // is an answer
        unanswered();
        assertThat(backoff.isLeftOut())
                .as("two errors, and one without an answer since")
                .isFalse();
        assertThat(error()).isTrue();
        assertThat(cause()).isEqualTo(Cause.ERRORS);
    }

    @Test
    void errorsInARowEndWithAnAnswer() {
        error();
        error();
        answered();
        assertThat(error()).isFalse();
        assertThat(backoff.isLeftOut()).isFalse();
    }

    @Test
    void whereAnswersDoNotCountOnlyConnectsDo() {
        Backoff connects = new Backoff();
        for (int i = 0; i < 10; i++) {
            assertThat(connects.unanswered(now, now)).isFalse();
            assertThat(connects.error(now, now)).isFalse();
        }
        assertThat(connects.failed(now, now)).isTrue();
    }

    @Test
    void aConnectSaysNothingOfOneThatDoesNotAnswer() {
        leaveOut();
        assertThat(backoff.connected()).isFalse();
        assertThat(backoff.isLeftOut()).isTrue();
        pass(1000);
        assertThat(backoff.admits(now)).isTrue();
        assertThat(answered()).isTrue();
        assertThat(backoff.isLeftOut()).isFalse();
        backoff.failed(now, now);
        assertThat(backoff.connected())
                .as("after a connect that failed it does")
                .isTrue();
    }

    @Test
    void oneRequestTriesItUntilThatIsDecided() {
        leaveOut();
        pass(999);
        assertThat(backoff.admits(now)).isFalse();
        pass(1);
        assertThat(backoff.admits(now)).isTrue();
        pass(20_000);
        assertThat(backoff.admits(now)).as("that one still waits").isFalse();
        assertThat(backoff.unanswered(now - Duration.ofSeconds(20).toNanos(), now))
                .as("it was left out")
                .isFalse();
        pass(1999);
        assertThat(backoff.admits(now)).isFalse();
        pass(1);
        assertThat(backoff.admits(now)).as("after twice the time").isTrue();
    }

    /** The client may be gone, and with it the request. */
    @Test
    void anotherRequestTriesItIfNothingIsHeardOfTheFirst() {
        leaveOut();
        pass(1000);
        assertThat(backoff.admits(now)).isTrue();
        pass(29_999);
        assertThat(backoff.admits(now)).isFalse();
        pass(1);
        assertThat(backoff.admits(now)).isTrue();
    }

    @Test
    void aConnectThatTriesItHasItsTime() {
        backoff.failed(now, now);
        pass(1000);
        assertThat(backoff.admits(now)).isTrue();
        pass(CONNECT.toMillis() - 1);
        assertThat(backoff.admits(now)).isFalse();
        pass(1);
        assertThat(backoff.admits(now)).isTrue();
    }

    /** A request that is not sent twice is the last that should try it, but there may be no others. */
    @Test
    void whatCannotBeSentAgainWaitsForWhatCan() {
        leaveOut();
        pass(1999);
        assertThat(backoff.admits(now, false)).isFalse();
        assertThat(backoff.admits(now, true)).isTrue();
        assertThat(backoff.admits(now, false)).as("another one tries it").isFalse();
        unanswered();
        pass(3999);
        assertThat(backoff.admits(now, false)).isFalse();
        pass(1);
        assertThat(backoff.admits(now, false)).as("as long again").isTrue();
        answered();
        backoff.failed(now, now);
        pass(1000);
        assertThat(backoff.admits(now, false)).as("a connect loses nothing").isTrue();
    }

    @Test
    void theTimeDoublesUpToHalfAMinute() {
        leaveOut();
        for (int seconds : new int[] {1, 2, 4, 8, 16, 30, 30}) {
            pass(seconds * 1000L - 1);
            assertThat(backoff.admits(now)).as("before %s s", seconds).isFalse();
            pass(1);
            assertThat(backoff.admits(now)).as("after %s s", seconds).isTrue();
            pass(1);
            unanswered();
        }
    }

    @Test
    void aFirstTimeThatIsLongerStaysAsItIs() {
        Backoff slow = new Backoff(new Limits(1, 1, Duration.ofMinutes(2).toNanos()), 0);
        assertThat(slow.error(now, now)).isTrue();
        pass(120_000);
        assertThat(slow.admits(now)).isTrue();
        pass(1);
        slow.error(now, now);
        assertThat(slow.delayNanos()).isEqualTo(Duration.ofMinutes(2).toNanos());
    }

    /** Many requests are under way when a server begins to fail, and end in any order. */
    @Test
    void whatBeganBeforeTheFailureSaysNothing() {
        long before = now;
        pass(100);
        leaveOut();
        pass(100);
        assertThat(backoff.answered(before)).isFalse();
        assertThat(backoff.isLeftOut()).isTrue();
        for (int i = 0; i < 10; i++) {
            backoff.unanswered(before, now);
            backoff.unanswered(now, now);
        }
        pass(900);
        assertThat(backoff.admits(now)).as("its time has not grown").isTrue();
        backoff.unanswered(before, now);
        assertThat(answered()).as("that one was not the one that tries it").isTrue();
    }
}
