package dev.baton.runtime.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.metrics.PrometheusMetrics;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.upstream.UpstreamServer;
import io.netty.channel.ConnectTimeoutException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A server that cannot be connected to costs one request now and then, and not its share of all requests. */
class TurnsTest {
    private static final UpstreamServer A = new UpstreamServer("a:1", 0);
    private static final UpstreamServer B = new UpstreamServer("b:1", 1);
    private static final UpstreamServer C = new UpstreamServer("c:1", 2);
    private final ConnectException refused = new ConnectException("refused");
    private final PrometheusMetrics metrics = new PrometheusMetrics();
    private long now = Long.MAX_VALUE - 1; // the clock may begin anywhere

    private Turns turns(UpstreamServer... servers) {
        return new Turns("app", List.of(servers), () -> now, metrics);
    }

    private void pass(long millis) {
        now += Duration.ofMillis(millis).toNanos();
    }

    private static List<UpstreamServer> next(Turns turns, int count) {
        List<UpstreamServer> seen = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            seen.add(turns.next());
        }
        return seen;
    }

    /** A connect that begins and fails now. */
    private void fails(Turns turns, UpstreamServer server) {
        turns.failed(server, now, refused);
    }

    @Test
    void serversTakeTurns() {
        assertThat(next(turns(A, B, C), 6)).containsExactly(A, B, C, A, B, C);
    }

    @Test
    void oneThatFailedIsLeftOutAndTriedByOneRequestAfterASecond() {
        Turns turns = turns(A, B);
        fails(turns, A);
        assertThat(next(turns, 5)).containsOnly(B);
        pass(999);
        assertThat(next(turns, 5)).containsOnly(B);
        pass(1);
        assertThat(next(turns, 9)).containsOnlyOnce(A);
        pass(999);
        assertThat(next(turns, 9)).as("as long as that one has no answer").containsOnly(B);
    }

    @Test
    void theTimeDoublesUpToHalfAMinute() {
        Turns turns = turns(A, B);
        fails(turns, A);
        for (int seconds : new int[] {1, 2, 4, 8, 16, 30, 30}) {
            pass(seconds * 1000L - 1);
            assertThat(next(turns, 4)).as("before %s s", seconds).containsOnly(B);
            pass(1);
            assertThat(next(turns, 4)).as("after %s s", seconds).containsOnlyOnce(A);
            fails(turns, A);
        }
    }

    @Test
    void oneThatCanBeConnectedToAgainIsInUseAtOnceAndBeginsAnew() {
        Turns turns = turns(A, B);
        fails(turns, A);
        pass(1000);
        fails(turns, A);
        turns.connected(A);
        assertThat(next(turns, 4)).containsExactlyInAnyOrder(A, B, A, B);
        fails(turns, A);
        pass(1000);
        assertThat(next(turns, 4)).contains(A);
    }

    /** All clients of a busy proxy find out at once, and requests that try all the same must not make it worse. */
    @Test
    void manyFailuresForOneReasonCountOnce() {
        Turns turns = turns(A, B);
        long began = now;
        pass(500);
        for (int i = 0; i < 10; i++) {
            turns.failed(A, began, refused);
            fails(turns, A);
        }
        pass(1000);
        assertThat(next(turns, 4)).contains(A);
        assertThat(metrics.counter("baton_upstream_left_out_total", "", "upstream", "app", "server", "a:1")
                        .count())
                .isEqualTo(1);
    }

    @Test
    void ifAllHaveFailedAllAreTried() {
        Turns turns = turns(A, B);
        fails(turns, A);
        fails(turns, B);
        assertThat(next(turns, 4)).contains(A, B);
        turns.connected(B);
        assertThat(next(turns, 4)).containsOnly(B);
    }

    @Test
    void theOnlyOneIsNeverLeftOut() {
        Turns turns = turns(A);
        fails(turns, A);
        assertThat(next(turns, 2)).containsOnly(A);
        assertThat(turns.nextAfter(A)).isEqualTo(A);
        assertThat(metrics.counter("baton_upstream_left_out_total", "", "upstream", "app", "server", "a:1")
                        .count())
                .isZero();
    }

    @Test
    void theShareOfOneThatIsLeftOutGoesToAllOthers() {
        Turns turns = turns(A, B, C);
        fails(turns, A);
        assertThat(next(turns, 20).stream().filter(B::equals)).hasSizeBetween(9, 11);
    }

    @Test
    void anExchangeGoesOnWithAnotherServerEachTime() {
        Turns turns = turns(A, B, C);
        assertThat(turns.nextAfter(A)).isEqualTo(B);
        assertThat(turns.nextAfter(C)).isEqualTo(A);
        fails(turns, B);
        pass(1);
        fails(turns, A);
        assertThat(turns.nextAfter(A)).as("over the one that is left out").isEqualTo(C);
        pass(1);
        fails(turns, C);
        assertThat(turns.nextAfter(C)).as("all are left out, and B longest").isEqualTo(B);
    }

    static List<Throwable> theServers() {
        return List.of(
                new ConnectException("refused"),
                new ConnectTimeoutException("2s"),
                new NoRouteToHostException(),
                new UnknownHostException(),
                PosixException.of("connect", -Errno.ECONNRESET));
    }

    @ParameterizedTest
    @MethodSource("theServers")
    void whatIsTheServersLeavesItOut(Throwable cause) {
        Turns turns = turns(A, B);
        turns.failed(A, now, cause);
        assertThat(next(turns, 2)).containsOnly(B);
    }

    static List<Throwable> ours() {
        return List.of(
                PosixException.of("create a socket", -Errno.EMFILE),
                PosixException.of("connect", -Errno.EADDRNOTAVAIL),
                new IOException("no memory"));
    }

    @ParameterizedTest
    @MethodSource("ours")
    void whatThisProcessLacksDoesNot(Throwable cause) {
        Turns turns = turns(A, B);
        turns.failed(A, now, cause);
        assertThat(next(turns, 2)).containsExactlyInAnyOrder(A, B);
    }
}
