package dev.baton.it.listener;

import static dev.baton.it.listener.ListenerRig.HOST;
import static dev.baton.it.listener.ListenerRig.connect;
import static dev.baton.it.listener.ListenerRig.echo;
import static dev.baton.it.listener.ListenerRig.join;
import static dev.baton.it.listener.ListenerRig.started;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.plugin.tcplistener.TcpListenerKind;
import dev.baton.plugin.unbind.AtOnceStrategy;
import dev.baton.runtime.listener.ListenerSpec.Limits;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.spi.listener.ListenerResult.Outcome;
import dev.baton.spi.listener.SocketSettings;
import dev.baton.spi.poller.PollerProvider;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * {@code balance: least-loaded}: even within 10 % whatever the wakeups do (with as many as {@code -Dconnections=10000}
 * says); R42, the counts follow connections through takeovers; R44, a connection whose new loop ends or is blocked is
 * served all the same.
 */
@Timeout(180)
class ListenerBalanceIT {
    private static final int LOOPS = 4;
    private static final int CONNECTIONS = Integer.getInteger("connections", 2_000);

    private static SharedListener start(ListenerRig rig) throws IOException {
        return started(rig.listener(
                new TcpListenerKind(),
                HOST + ":0",
                SocketSettings.DEFAULT,
                new Limits(4_000, 100_000),
                true,
                new AtOnceStrategy()));
    }

    private static int[] counts(ListenerRig rig) {
        return IntStream.range(0, LOOPS).map(rig.loops.connections()::of).toArray();
    }

    private static boolean isEven(int[] counts, int total, int percent) {
        int share = total / counts.length;
        int slack = Math.max(1, share * percent / 100);
        return IntStream.of(counts).sum() == total
                && IntStream.of(counts).allMatch(count -> Math.abs(count - share) <= slack);
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void connectionsAreSpreadEvenlyAndTheCountsFollowThem(PollerProvider poller) throws Exception {
        try (ListenerRig rig = new ListenerRig(poller, LOOPS)) {
            SharedListener listener = start(rig);
            List<Socket> sockets = new ArrayList<>();
            for (int i = 0; i < CONNECTIONS; i++) {
                sockets.add(connect(listener));
            }
            await().atMost(Duration.ofSeconds(60))
                    .untilAsserted(() -> assertThat(isEven(counts(rig), CONNECTIONS, 10))
                            .as("connections a loop %s, accepted %s", counts(rig), accepted(rig))
                            .isTrue());
            assertThat(accepted(rig).stream().mapToLong(Long::longValue).sum()).isEqualTo(CONNECTIONS);
            assertThat(listener.connections()).isEqualTo(CONNECTIONS);
            for (int i = 0; i < CONNECTIONS; i += 97) {
                assertThat(echo(sockets.get(i), 6)).isEqualTo(6);
            }
            // Half of them go, whose they are is chance; the next ones go where there are few.
            for (int i = 0; i < CONNECTIONS / 2; i++) {
                sockets.get(i).close();
            }
            await().atMost(Duration.ofSeconds(60)).until(() -> listener.connections() == CONNECTIONS - CONNECTIONS / 2);
            List<Socket> more = new ArrayList<>();
            for (int i = 0; i < CONNECTIONS / 2; i++) {
                more.add(connect(listener));
            }
            await().atMost(Duration.ofSeconds(60))
                    .untilAsserted(() -> assertThat(isEven(counts(rig), CONNECTIONS, 10))
                            .as("connections a loop %s", counts(rig))
                            .isTrue());
            for (Socket socket : more) {
                socket.close();
            }
            for (Socket socket : sockets) {
                socket.close();
            }
            await().atMost(Duration.ofSeconds(60)).until(() -> listener.connections() == 0);
            assertThat(counts(rig)).containsOnly(0);
        }
    }

    private static List<Long> accepted(ListenerRig rig) {
        return rig.loops.registry().batonLoops().stream()
                .map(BatonLoop::accepted)
                .toList();
    }

    /**
     * The loop with the fewest is one that is blocked: whoever accepted serves, and what is under way is counted once.
     */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aConnectionWhoseNewLoopIsBlockedIsServedMeanwhile(PollerProvider poller) throws Exception {
        try (ListenerRig rig = new ListenerRig(poller, LOOPS)) {
            SharedListener listener = start(rig);
            CountDownLatch entered = new CountDownLatch(1);
            CountDownLatch free = new CountDownLatch(1);
            rig.loops.loop(3).execute(() -> {
                entered.countDown();
                try {
                    free.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            entered.await();
            List<Socket> sockets = new ArrayList<>();
            try {
                for (int i = 0; i < 40; i++) {
                    Socket client = connect(listener);
                    sockets.add(client);
                    assertThat(echo(client, i)).isEqualTo(i);
                }
                assertThat(rig.loops.connections().of(3)).isZero();
            } finally {
                free.countDown();
            }
            await().atMost(Duration.ofSeconds(20)).until(() -> isEven(counts(rig), 40, 10));
            for (Socket socket : sockets) {
                assertThat(echo(socket, 1)).isEqualTo(1);
                socket.close();
            }
            await().atMost(Duration.ofSeconds(20)).until(() -> listener.connections() == 0);
            assertThat(counts(rig)).containsOnly(0);
        }
    }

    /** R44: a loop ends under fire, with connections on their way to it; each client is served or sees the end. */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void nobodyIsLostWhenTheChosenLoopEnds(PollerProvider poller) throws Exception {
        try (ListenerRig rig = new ListenerRig(poller, LOOPS)) {
            SharedListener listener = start(rig);
            List<Socket> sockets = new ArrayList<>();
            for (int i = 0; i < 400; i++) {
                if (i == 100) {
                    rig.loops.loop(2).shutdownGracefully(0, 20, TimeUnit.SECONDS);
                }
                Socket client = connect(listener);
                client.getOutputStream().write(4);
                sockets.add(client);
            }
            rig.loops.loop(2).terminationFuture().sync();
            int served = 0;
            int ended = 0;
            for (Socket socket : sockets) {
                int answer;
                try {
                    answer = socket.getInputStream().read(); // within the client's patience, or the test fails
                } catch (SocketException reset) {
                    answer = -1;
                }
                served += answer == 4 ? 1 : 0;
                ended += answer == -1 ? 1 : 0;
            }
            assertThat(served + ended).isEqualTo(400);
            assertThat(served).isGreaterThanOrEqualTo(200);
            for (Socket socket : sockets) {
                socket.close();
            }
            await().atMost(Duration.ofSeconds(20)).until(() -> listener.connections() == 0);
            assertThat(counts(rig)).containsOnly(0);
            assertThat(join(listener.unbind(Duration.ZERO)).outcome()).isEqualTo(Outcome.UNBOUND);
        }
    }
}
