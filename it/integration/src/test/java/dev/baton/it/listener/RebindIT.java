package dev.baton.it.listener;

import static dev.baton.it.listener.ListenerRig.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.it.Pollers;
import dev.baton.it.listener.ListenerRig.Echo;
import dev.baton.plugin.unbind.AtOnceStrategy;
import dev.baton.plugin.unbind.DrainStrategy;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.ListenerResult.Outcome;
import dev.baton.spi.listener.UnbindStrategy;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.testkit.OpenFds;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * R40, accept against unbind: a listener is unbound and its address bound again ten times a second while clients
 * connect as fast as they can. Each connection is served or cleanly refused, and nothing is left over.
 */
@Timeout(120)
class RebindIT {
    private static final int LOOPS = 3;
    private static final int CLIENTS = 3;
    private static final int REBINDS_A_SECOND = 10;

    private final Queue<Throwable> wrong = new ConcurrentLinkedQueue<>();
    private final LongAdder served = new LongAdder();
    private final LongAdder refused = new LongAdder();
    private final AtomicBoolean over = new AtomicBoolean();

    static Stream<Arguments> runs() {
        return Pollers.all().map(poller -> Arguments.of(poller, Pollers.isChosen(poller) ? 10 : 3));
    }

    @ParameterizedTest
    @MethodSource("runs")
    void everyConnectionIsServedOrRefusedWhileTheAddressIsBoundAnew(PollerProvider poller, int seconds)
            throws Exception {
        ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
        ExecutorService threads = Executors.newCachedThreadPool();
        try (ListenerRig rig = new ListenerRig(poller, LOOPS)) {
            long openBefore = rig.loops.counters().openFds();
            Set<String> openInKernelBefore = OpenFds.now();
            Rebinder rebinder = new Rebinder(rig);
            int port = ListenerRig.port(rebinder.now);
            List<Future<?>> clients = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                clients.add(threads.submit(() -> connectUntilOver(port)));
            }
            Future<?> ticks = clock.scheduleAtFixedRate(
                    rebinder, 0, TimeUnit.SECONDS.toMillis(1) / REBINDS_A_SECOND, TimeUnit.MILLISECONDS);
            int rebinds = seconds * REBINDS_A_SECOND;
            await().atMost(Duration.ofSeconds(90)).until(() -> rebinder.count.get() >= rebinds || !wrong.isEmpty());
            ticks.cancel(false);
            clock.shutdown();
            assertThat(clock.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
            over.set(true);
            for (Future<?> client : clients) {
                client.get(30, TimeUnit.SECONDS);
            }
            assertThat(join(rebinder.now.unbind(Duration.ZERO)).outcome()).isEqualTo(Outcome.UNBOUND);

            System.out.println(poller.getClass().getSimpleName() + ": " + rebinder.count + " rebinds, " + served
                    + " served, " + refused + " refused");
            assertThat(wrong).isEmpty();
            assertThat(served.sum()).as("served").isGreaterThan(rebinds);
            for (SharedListener listener : rebinder.all) {
                await().until(() -> listener.connections() == 0);
            }
            rig.quiet();
            assertThat(rig.loops.counters().openFds()).as("fds in the table").isEqualTo(openBefore);
            assertThat(rig.loops.counters().orphans()).isZero();
            assertThat(OpenFds.now()).as("open in the process").isSubsetOf(openInKernelBefore);
            assertThat(rig.loops.failures()).isEmpty();
        } finally {
            over.set(true);
            clock.shutdownNow();
            threads.shutdown();
        }
    }

    /** Unbinds the listener and binds its successor to the same address, on the thread of the clock. */
    private final class Rebinder implements Runnable {
        private final ListenerRig rig;
        private final List<UnbindStrategy> strategies = List.of(new AtOnceStrategy(), new DrainStrategy());
        final Queue<SharedListener> all = new ConcurrentLinkedQueue<>();
        final AtomicInteger count = new AtomicInteger();
        volatile SharedListener now;

        Rebinder(ListenerRig rig) throws IOException {
            this.rig = rig;
            this.now = next(ListenerRig.HOST + ":0");
        }

        private SharedListener next(String address) throws IOException {
            SharedListener next =
                    rig.listener(address, 1_000, strategies.get(count.get() % strategies.size()), new Echo());
            next.open();
            next.start();
            all.add(next);
            return next;
        }

        @Override
        public void run() {
            try {
                ListenerResult result = join(now.unbind(Duration.ofSeconds(5)));
                assertThat(result.outcome()).as(result.detail()).isEqualTo(Outcome.UNBOUND);
                count.incrementAndGet();
                // Nothing between the end of the unbind and this: the port has to be free by now.
                now = next(now.address());
            } catch (Throwable t) { // the clock would stop silently
                wrong.add(t);
            }
        }
    }

    private void connectUntilOver(int port) {
        int octet = 0;
        while (!over.get() && wrong.isEmpty()) {
            octet = (octet + 1) & 0x7f;
            try (Socket client = ListenerRig.connect(ListenerRig.HOST, port)) {
                // No TIME_WAIT: there are only so many source ports.
                client.setSoLinger(true, 0);
                int answer = ListenerRig.echo(client, octet);
                if (answer == octet) {
                    served.increment();
                } else if (answer < 0) {
                    refused.increment();
                } else {
                    wrong.add(new AssertionError("sent " + octet + ", received " + answer));
                }
            } catch (SocketTimeoutException hangs) {
                wrong.add(hangs);
            } catch (SocketException refusedOrReset) {
                refused.increment();
            } catch (IOException e) {
                wrong.add(e);
            }
        }
    }
}
