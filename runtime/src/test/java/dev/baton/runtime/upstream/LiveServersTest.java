package dev.baton.runtime.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.metrics.Meters;
import dev.baton.runtime.upstream.Backoff.Limits;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.upstream.BalancedServer;
import dev.baton.spi.upstream.Balancer;
import dev.baton.spi.upstream.RequestFacts;
import dev.baton.spi.upstream.ServerFailure;
import dev.baton.spi.upstream.ServerState;
import dev.baton.spi.upstream.UpstreamServer;
import io.netty.channel.ConnectTimeoutException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A server that cannot be connected to costs one request now and then, and not its share of all requests. */
class LiveServersTest {
    private static final UpstreamServer A = new UpstreamServer("a:1", 0);
    private static final UpstreamServer B = new UpstreamServer("b:1", 1);
    private static final UpstreamServer C = new UpstreamServer("c:1", 2);
    private static final UpstreamServer D = new UpstreamServer("d:1", 3);
    private static final RequestFacts SAFE = new RequestFacts() {
        @Override
        public @Nullable SocketAddress clientAddress() {
            return null;
        }

        @Override
        public boolean isSafe() {
            return true;
        }
    };
    private final ConnectException refused = new ConnectException("refused");
    private final Meters metrics = new Meters();
    private long now = Long.MAX_VALUE - 1; // the clock may begin anywhere

    private LiveServers turns(UpstreamServer... servers) {
        return turns(new InTurn(), servers);
    }

    private LiveServers turns(Balancer balancer, UpstreamServer... servers) {
        List<LiveServer> live = new ArrayList<>();
        for (UpstreamServer each : servers) {
            live.add(live(each, 1));
        }
        return new LiveServers("app", live, balancer, () -> now);
    }

    private static LiveServer live(LiveServers turns, UpstreamServer server) {
        return Objects.requireNonNull(turns.find(server));
    }

    private LiveServer live(UpstreamServer server, int weight) {
        return live(server, weight, new SlowStart(null, (delay, task) -> {}, () -> {}));
    }

    private LiveServer live(UpstreamServer server, int weight, SlowStart slowStart) {
        UpstreamEnv env = new UpstreamEnv(
                plugin -> {
                    throw new AssertionError("opened");
                },
                new HostNames((host, reply) -> {}, (delay, task) -> {}, () -> now),
                name -> null,
                new LoopRegistry(),
                metrics);
        return new LiveServer(
                server,
                new ServerLocator(server.address(), env),
                null,
                weight,
                () -> now,
                slowStart,
                new Backoff(new Limits(2, 5, Duration.ofSeconds(1).toNanos()), 0),
                new ServerMetrics(metrics, "app", server.address()).leftOut(),
                Ejections.of("app", server.address(), metrics));
    }

    private void pass(long millis) {
        now += Duration.ofMillis(millis).toNanos();
    }

    private static List<UpstreamServer> next(LiveServers turns, int count) {
        List<UpstreamServer> seen = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            seen.add(turns.next(RequestFacts.NONE));
        }
        return seen;
    }

    /** A connect that begins and fails now. */
    private void fails(LiveServers turns, UpstreamServer server) {
        turns.failed(live(turns, server), now, refused);
    }

    @Test
    void serversTakeTurns() {
        assertThat(next(turns(A, B, C), 6)).containsExactly(A, B, C, A, B, C);
    }

    @Test
    void oneThatFailedIsLeftOutAndTriedByOneRequestAfterASecond() {
        LiveServers turns = turns(A, B);
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
        LiveServers turns = turns(A, B);
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
        LiveServers turns = turns(A, B);
        fails(turns, A);
        pass(1000);
        fails(turns, A);
        turns.connected(live(turns, A));
        assertThat(next(turns, 4)).containsExactlyInAnyOrder(A, B, A, B);
        fails(turns, A);
        pass(1000);
        assertThat(next(turns, 4)).contains(A);
    }

    /** All clients of a busy proxy find out at once, and requests that try all the same must not make it worse. */
    @Test
    void manyFailuresForOneReasonCountOnce() {
        LiveServers turns = turns(A, B);
        long began = now;
        pass(500);
        for (int i = 0; i < 10; i++) {
            turns.failed(live(turns, A), began, refused);
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
        LiveServers turns = turns(A, B);
        fails(turns, A);
        fails(turns, B);
        assertThat(next(turns, 4)).contains(A, B);
        turns.connected(live(turns, B));
        assertThat(next(turns, 4)).containsOnly(B);
    }

    @Test
    void theOnlyOneIsNeverLeftOut() {
        LiveServers turns = turns(A);
        fails(turns, A);
        assertThat(next(turns, 2)).containsOnly(A);
        assertThat(turns.nextAfter(A)).isEqualTo(A);
        assertThat(metrics.counter("baton_upstream_left_out_total", "", "upstream", "app", "server", "a:1")
                        .count())
                .isZero();
    }

    @Test
    void theShareOfOneThatIsLeftOutGoesToAllOthers() {
        LiveServers turns = turns(A, B, C);
        fails(turns, A);
        assertThat(next(turns, 20).stream().filter(B::equals)).hasSizeBetween(9, 11);
    }

    @Test
    void anExchangeGoesOnWithAnotherServerEachTime() {
        LiveServers turns = turns(A, B, C);
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

    @Test
    void aServerWithoutWeightIsNotAsked() {
        LiveServers turns = new LiveServers("app", List.of(live(A, 0), live(B, 1)), new InTurn(), () -> now);
        assertThat(next(turns, 3)).containsOnly(B);
        assertThat(turns.nextAfter(B)).isEqualTo(B);
        fails(turns, B);
        assertThat(next(turns, 3)).as("not in place of one that fails either").containsOnly(B);
    }

    @Test
    void whereNoServerMayBeAskedThereIsNone() {
        LiveServers turns = new LiveServers("app", List.of(live(A, 0)), new InTurn(), () -> now);
        assertThat(next(turns, 1)).containsOnly(UpstreamServer.NONE);
        assertThat(turns.nextAfter(UpstreamServer.NONE)).isEqualTo(UpstreamServer.NONE);
        assertThat(turns.find(UpstreamServer.NONE)).isNull();
    }

    private static void change(LiveServers turns, UpstreamServer server, ServerState state) {
        live(turns, server).state(state);
        turns.changed();
    }

    @ParameterizedTest
    @EnumSource(value = ServerState.class, names = "READY", mode = EnumSource.Mode.EXCLUDE)
    void onlyReadyServersAreChosen(ServerState state) {
        LiveServers turns = turns(A, B, C);
        change(turns, B, state);
        assertThat(next(turns, 4)).containsOnly(A, C);
        assertThat(turns.nextAfter(A)).isEqualTo(C);
        fails(turns, A);
        fails(turns, C);
        assertThat(next(turns, 4)).as("not in place of servers that fail").doesNotContain(B);
        assertThat(turns.nextAfter(A)).isEqualTo(C);
    }

    @Test
    void aServerIsChosenAgainWhenItIsReadyAgain() {
        LiveServers turns = turns(A, B);
        change(turns, A, ServerState.DRAIN);
        change(turns, A, ServerState.MAINTENANCE);
        change(turns, A, ServerState.READY);
        assertThat(next(turns, 4)).containsExactlyInAnyOrder(A, B, A, B);
    }

    @Test
    void whereAllAreDrainedThereIsNone() {
        LiveServers turns = turns(A, B);
        change(turns, A, ServerState.DRAIN);
        change(turns, B, ServerState.DRAIN);
        assertThat(next(turns, 1)).containsOnly(UpstreamServer.NONE);
        assertThat(turns.nextAfter(A)).isEqualTo(UpstreamServer.NONE);
    }

    @Test
    void sessionsStayAtAServerThatIsDrainedButNotInMaintenance() {
        LiveServer a = live(A, 1);
        assertThat(a.keepsSessions()).isTrue();
        a.state(ServerState.DRAIN);
        assertThat(a.keepsSessions()).isTrue();
        assertThat(a.isConnectable()).isTrue();
        a.state(ServerState.MAINTENANCE);
        assertThat(a.keepsSessions()).isFalse();
        assertThat(a.isConnectable()).isFalse();
    }

    @Test
    void theBalancerSeesANewWeight() {
        List<BalancedServer> seen = new ArrayList<>();
        LiveServers turns = turns(
                servers -> {
                    seen.clear();
                    seen.addAll(servers);
                    return request -> 0;
                },
                A,
                B);
        live(turns, B).weight(7);
        turns.changed();
        assertThat(seen).extracting(BalancedServer::weight).containsExactly(256, 7 * 256);
    }

    @Test
    void aServerThatWasRemovedIsFoundUntilItIsForgottenAndTheOthersAlways() {
        LiveServers turns = turns(A, B, C);
        LiveServer b = live(turns, B);
        change(turns, B, ServerState.REMOVED);
        turns.remove(b);
        assertThat(turns.listed()).containsExactly(A, C);
        assertThat(turns.find(B)).as("its connections are in use").isSameAs(b);
        assertThat(turns.find("b:1")).isNull();
        assertThat(turns.nextAfter(B))
                .as("a request that had chosen it continues with the next")
                .isEqualTo(C);
        turns.forget(b);
        assertThat(turns.find(B)).isNull();
        assertThat(turns.nextAfter(B)).isEqualTo(C);
        turns.add(live(D, 1));
        turns.changed();
        for (UpstreamServer each : List.of(A, C, D)) {
            assertThat(live(turns, each).server()).isEqualTo(each);
        }
        assertThat(turns.find(new UpstreamServer("e:1", 4))).isNull();
        assertThat(next(turns, 6)).containsOnly(A, C, D);
    }

    /** An operator drains a server while a failure of another is being worked in, and the reverse. */
    @Test
    void shouldKeepAnOperatorsChangeThatOverlapsAFailure() {
        Runnable[] meanwhile = {null};
        InTurn inTurn = new InTurn();
        LiveServers turns = turns(
                servers -> {
                    Runnable change = meanwhile[0];
                    meanwhile[0] = null;
                    if (change != null) {
                        change.run(); // the servers were read already
                    }
                    return inTurn.over(servers);
                },
                A,
                B,
                C,
                D);
        meanwhile[0] = () -> change(turns, B, ServerState.DRAIN);
        fails(turns, A);
        assertThat(next(turns, 6)).containsOnly(C, D);
        meanwhile[0] = () -> turns.connected(live(turns, A));
        change(turns, B, ServerState.READY);
        assertThat(next(turns, 6)).containsOnly(A, B, C, D);
        meanwhile[0] = () -> {
            turns.add(live(new UpstreamServer("e:1", 4), 1));
            turns.changed();
            turns.remove(live(turns, D));
        };
        change(turns, C, ServerState.MAINTENANCE);
        assertThat(next(turns, 6)).extracting(UpstreamServer::address).containsOnly("a:1", "b:1", "e:1");
    }

    private void silent(LiveServers turns, UpstreamServer server) {
        turns.failed(live(turns, server), ServerFailure.TIMEOUT, 0);
    }

    private void eject(LiveServers turns, UpstreamServer server) {
        silent(turns, server);
        silent(turns, server);
    }

    private long ejections(UpstreamServer server, String reason) {
        return metrics.counter(
                        "baton_upstream_ejections_total",
                        "",
                        "upstream",
                        "app",
                        "server",
                        server.address(),
                        "reason",
                        reason)
                .count();
    }

    @Test
    void oneWhoseAnswersFailIsLeftOutUntilItAnswers() {
        LiveServers turns = turns(A, B);
        silent(turns, A);
        assertThat(next(turns, 4)).contains(A);
        turns.answered(live(turns, A), 0);
        silent(turns, A);
        assertThat(next(turns, 4)).as("not in a row").contains(A);
        turns.failed(live(turns, A), ServerFailure.CLOSED, 0);
        assertThat(next(turns, 4)).containsOnly(B);
        assertThat(ejections(A, "no_answer")).isOne();
        turns.connected(live(turns, A));
        assertThat(next(turns, 4)).as("it can be connected to, that is all").containsOnly(B);
        pass(1000);
        assertThat(turns.next(SAFE)).isEqualTo(A);
        turns.answered(live(turns, A), 0);
        assertThat(next(turns, 4)).contains(A, B);
    }

    @Test
    void manyErrorsInARowLeaveItOut() {
        LiveServers turns = turns(A, B);
        for (int i = 0; i < 4; i++) {
            turns.failed(live(turns, A), ServerFailure.ERROR, 0);
        }
        assertThat(next(turns, 4)).contains(A);
        turns.failed(live(turns, A), ServerFailure.ERROR, 0);
        assertThat(next(turns, 4)).containsOnly(B);
        assertThat(ejections(A, "errors")).isOne();
    }

    /** A server that is known to fail gets what can be sent elsewhere, if there is such a request. */
    @Test
    void aRequestThatCannotBeSentAgainDoesNotTryIt() {
        LiveServers turns = turns(A, B);
        eject(turns, A);
        pass(1999);
        assertThat(next(turns, 4)).containsOnly(B);
        assertThat(turns.next(SAFE)).isEqualTo(A);
        assertThat(turns.next(SAFE)).as("one tries it").isEqualTo(B);
        silent(turns, A);
        pass(4000);
        assertThat(next(turns, 4))
                .as("if there are no others, one of these does")
                .containsOnlyOnce(A);
    }

    @Test
    void noMoreThanAShareIsEjected() {
        LiveServers turns = turns(A, B, C, D);
        eject(turns, A);
        pass(1);
        eject(turns, B);
        pass(1);
        eject(turns, C);
        assertThat(next(turns, 8))
                .as("half of them at most, the first ones")
                .contains(C, D)
                .doesNotContain(A, B);
        assertThat(ejections(C, "no_answer")).isZero();
        pass(1000);
        assertThat(turns.next(SAFE)).isEqualTo(A);
        silent(turns, A);
        assertThat(next(turns, 8))
                .as("one that fails again keeps its place")
                .contains(C, D)
                .doesNotContain(A);
        pass(2000);
        assertThat(turns.next(SAFE)).isEqualTo(A);
        turns.answered(live(turns, A), 0);
        List<UpstreamServer> later = next(turns, 12);
        assertThat(later).contains(A, D);
        assertThat(later.stream().filter(C::equals))
                .as("the next is left out instead, and tried by one")
                .hasSizeLessThan(2);
    }

    @Test
    void ofTwoOneMayBeEjectedAndOfOneNone() {
        LiveServers two = turns(A, B);
        eject(two, A);
        eject(two, B);
        assertThat(next(two, 4)).containsOnly(B);
        LiveServers one = turns(A);
        eject(one, A);
        assertThat(next(one, 2)).containsOnly(A);
        assertThat(one.nextAfter(A)).isEqualTo(A);
    }

    /** Servers that cannot be connected to count, as they get nothing either. */
    @Test
    void theLastThatCanBeConnectedToIsNotEjected() {
        LiveServers turns = turns(A, B);
        fails(turns, B);
        eject(turns, A);
        assertThat(next(turns, 4)).containsOnly(A);
    }

    @Test
    void anExchangeGoesOnWithAServerThatIsInUse() {
        LiveServers turns = turns(A, B, C);
        eject(turns, B);
        pass(1000);
        assertThat(turns.nextAfter(A))
                .as("its time is over, but there is a better one")
                .isEqualTo(C);
        fails(turns, A);
        assertThat(turns.nextAfter(C)).as("there is none").isEqualTo(B);
    }

    /** A second failure that comes while the first one is being worked in: see the class comment of LiveServers. */
    @Test
    void shouldKeepBothOfTwoChangesThatOverlap() {
        Runnable[] meanwhile = {null};
        InTurn inTurn = new InTurn();
        Balancer balancer = servers -> {
            Runnable change = meanwhile[0];
            meanwhile[0] = null;
            if (change != null) {
                change.run(); // the servers were read already
            }
            return inTurn.over(servers);
        };
        LiveServers turns = turns(balancer, A, B, C, D);
        meanwhile[0] = () -> fails(turns, B);
        fails(turns, A);
        assertThat(next(turns, 6)).containsOnly(C, D);
    }

    @Test
    void theBalancerSeesTheFiguresOfEachServer() {
        List<BalancedServer> seen = new ArrayList<>();
        LiveServer a = live(A, 2);
        new LiveServers(
                "app",
                List.of(a, live(B, 3)),
                servers -> {
                    seen.addAll(servers);
                    return request -> 0;
                },
                () -> now);
        a.began();
        a.connected(4_000_000);
        assertThat(seen).extracting(BalancedServer::server).containsExactly(A, B);
        assertThat(seen).extracting(BalancedServer::weight).containsExactly(512, 768);
        assertThat(seen).extracting(BalancedServer::inFlight).containsExactly(1, 0);
        assertThat(seen).extracting(BalancedServer::latencyNanos).containsExactly(4_000_000L, 0L);
        a.answered(20_000_000);
        a.ended();
        assertThat(seen.get(0).latencyNanos())
                .as("answers count more than connects")
                .isEqualTo(20_000_000);
        assertThat(seen.get(0).inFlight()).isZero();
    }

    @Test
    void aServerThatStartsSlowlyHasLessWeight() {
        TestTime time = new TestTime();
        List<Integer> weights = new ArrayList<>();
        List<LiveServers> turns = new ArrayList<>();
        SlowStart slow =
                new SlowStart(Duration.ofSeconds(16), time, () -> turns.get(0).changed());
        turns.add(new LiveServers(
                "app",
                List.of(live(A, 2, slow), live(B, 1)),
                servers -> {
                    weights.add(servers.get(0).weight());
                    return request -> 0;
                },
                () -> now));
        slow.begin();
        turns.get(0).changed();
        time.pass(Duration.ofSeconds(20));
        assertThat(weights)
                .containsExactly(512, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448, 480, 512);
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
        LiveServers turns = turns(A, B);
        turns.failed(live(turns, A), now, cause);
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
        LiveServers turns = turns(A, B);
        turns.failed(live(turns, A), now, cause);
        assertThat(next(turns, 2)).containsExactlyInAnyOrder(A, B);
    }
}
