package dev.baton.it.listener;

import static dev.baton.it.listener.ListenerRig.HOST;
import static dev.baton.it.listener.ListenerRig.connect;
import static dev.baton.it.listener.ListenerRig.join;
import static dev.baton.it.listener.ListenerRig.started;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.baton.plugin.tcplistener.TcpListenerKind;
import dev.baton.plugin.unbind.AtOnceStrategy;
import dev.baton.runtime.listener.ListenerSpec.Limits;
import dev.baton.runtime.listener.ListenerSpec.PerClient;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.listener.TotalLimit;
import dev.baton.spi.listener.ListenerResult.Outcome;
import dev.baton.spi.listener.ListenerState;
import dev.baton.spi.listener.SocketSettings;
import dev.baton.spi.poller.PollerProvider;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * R41, a limited listener whose last release wakes nobody; R42, counts stay within their limit; and the rate of
 * accepting.
 */
@Timeout(120)
class ListenerLimitsIT {
    private static final int LOOPS = 2;
    private static final int LISTENERS = 16;
    private static final int QUIET_TURNS_MAX = 100;

    private static SharedListener listener(ListenerRig rig, Limits limits) throws Exception {
        return started(rig.listener(
                new TcpListenerKind(), HOST + ":0", SocketSettings.DEFAULT, limits, false, new AtOnceStrategy()));
    }

    private static long turns(ListenerRig rig) {
        return rig.loops.loop(0).turns() + rig.loops.loop(1).turns();
    }

    /** One connection among many listeners: each gets its turn, one after the other, and who waits costs nothing. */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void oneConnectionAmongManyListenersKeepsAllOfThemAlive(PollerProvider poller) throws Exception {
        try (ListenerRig rig = new ListenerRig(poller, LOOPS)) {
            rig.total = new TotalLimit(1);
            List<SharedListener> listeners = new ArrayList<>();
            List<Socket> waiting = new ArrayList<>();
            for (int i = 0; i < LISTENERS; i++) {
                SharedListener listener = listener(rig, new Limits(100, 10));
                listeners.add(listener);
                Socket client = connect(listener);
                client.getOutputStream().write(i);
                waiting.add(client);
            }
            for (int served = 0; served < LISTENERS; served++) {
                int turn = served;
                // Who is first is nobody's business; that somebody is, and one at a time, is.
                await().atMost(Duration.ofSeconds(20))
                        .until(() -> accepted(listeners) == turn + 1 && open(listeners) == 1);
                assertThat(rig.total.taken()).isEqualTo(1);
                await().atMost(Duration.ofSeconds(20))
                        .until(() -> listeners.stream()
                                .allMatch(listener -> listener.connections() == 1
                                        || listener.state() == ListenerState.FULL
                                        || listener.accepted() > 0));
                rig.quiet();
                rig.quiet();
                long turns = turns(rig);
                rig.quiet();
                assertThat(turns(rig) - turns).as("turns while all are full").isLessThan(QUIET_TURNS_MAX);
                for (int i = 0; i < LISTENERS; i++) {
                    if (listeners.get(i).connections() == 1) {
                        assertThat(waiting.get(i).getInputStream().read()).isEqualTo(i);
                        waiting.get(i).close();
                        break;
                    }
                }
            }
            await().atMost(Duration.ofSeconds(20)).until(() -> open(listeners) == 0 && rig.total.taken() == 0);
            for (SharedListener listener : listeners) {
                assertThat(join(listener.unbind(Duration.ZERO)).outcome()).isEqualTo(Outcome.UNBOUND);
            }
        }
    }

    private static long accepted(List<SharedListener> listeners) {
        // The counter is of the name, which all have.
        return listeners.get(0).accepted();
    }

    private static int open(List<SharedListener> listeners) {
        return listeners.stream().mapToInt(SharedListener::connections).sum();
    }

    /**
     * A client that has what it may is reset, and another one is served; what it closes it can open again, on whichever
     * loop.
     */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aClientThatHasAsManyAsItMayIsReset(PollerProvider poller) throws Exception {
        try (ListenerRig rig = new ListenerRig(poller, LOOPS)) {
            SharedListener listener = listener(
                    rig,
                    new Limits(100, 100, Double.POSITIVE_INFINITY, 4, 1, new PerClient(2, Double.POSITIVE_INFINITY)));
            for (int round = 0; round < 10; round++) {
                Socket first = connect(listener);
                Socket second = connect(listener);
                assertThat(ListenerRig.echo(first, 1)).isEqualTo(1);
                assertThat(ListenerRig.echo(second, 2)).isEqualTo(2);
                assertThatThrownBy(
                                () -> { // perhaps before the connect has returned
                                    try (Socket third = connect(listener)) {
                                        ListenerRig.echo(third, 3);
                                    }
                                })
                        .isInstanceOf(SocketException.class)
                        .hasMessageMatching("Connection reset.*|Broken pipe");
                try (Socket other = new Socket()) {
                    other.bind(new InetSocketAddress("127.77.0.3", 0));
                    other.connect(new InetSocketAddress(HOST, ListenerRig.port(listener)));
                    assertThat(ListenerRig.echo(other, 4)).isEqualTo(4);
                }
                first.close();
                second.close();
                await().atMost(Duration.ofSeconds(20)).until(() -> listener.connections() == 0);
                assertThat(rig.metrics
                                .counter(
                                        "baton_listener_client_refusals_total",
                                        "",
                                        "listener",
                                        "web",
                                        "reason",
                                        "connections")
                                .count())
                        .isEqualTo(round + 1);
            }
        }
    }

    /** Clients of four listeners, two places: never more than two, and everybody is served in the end. */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void allTogetherStayWithinTheLimitUnderLoad(PollerProvider poller) throws Exception {
        int rounds = 100;
        try (ListenerRig rig = new ListenerRig(poller, LOOPS)) {
            rig.total = new TotalLimit(2);
            List<SharedListener> listeners = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                listeners.add(listener(rig, new Limits(100, 1)));
            }
            ExecutorService clients = Executors.newFixedThreadPool(8);
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                SharedListener mine = listeners.get(i % 4);
                running.add(clients.submit(() -> {
                    for (int round = 0; round < rounds; round++) {
                        try (Socket client = connect(mine)) {
                            client.getOutputStream().write(9);
                            assertThat(client.getInputStream().read()).isEqualTo(9);
                            assertThat(mine.connections()).isBetween(0, 1);
                            assertThat(rig.total.taken()).isBetween(0, 2);
                        }
                    }
                    return null;
                }));
            }
            clients.shutdown();
            for (Future<?> each : running) {
                each.get(60, TimeUnit.SECONDS);
            }
            await().atMost(Duration.ofSeconds(20)).until(() -> rig.total.taken() == 0 && open(listeners) == 0);
            assertThat(accepted(listeners)).isEqualTo(8L * rounds);
        }
    }

    /** Ten a second, one at a time: of 15 none comes before its time, and all come by themselves. */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void whatIsFasterThanTheRateWaitsAndComesByItself(PollerProvider poller) throws Exception {
        int clients = 15;
        double rate = 10;
        try (ListenerRig rig = new ListenerRig(poller, LOOPS)) {
            long begun = System.nanoTime();
            SharedListener listener = listener(rig, new Limits(100, 100, rate, 4));
            List<Socket> sockets = new ArrayList<>();
            for (int i = 0; i < clients; i++) {
                Socket client = connect(listener);
                client.getOutputStream().write(i);
                sockets.add(client);
            }
            boolean limited = false;
            for (int i = 0; i < clients; i++) {
                limited |= listener.state() == ListenerState.LIMITED;
                assertThat(sockets.get(i).getInputStream().read()).isEqualTo(i);
                double seconds = (System.nanoTime() - begun) / 1e9;
                assertThat(listener.accepted()).isLessThanOrEqualTo((long) (1 + seconds * rate));
                sockets.get(i).close();
            }
            assertThat(limited).isTrue();
            await().atMost(Duration.ofSeconds(20)).until(() -> listener.state() == ListenerState.READY);
        }
    }
}
