package dev.baton.it.listener;

import static dev.baton.it.listener.ListenerRig.connect;
import static dev.baton.it.listener.ListenerRig.echo;
import static dev.baton.it.listener.ListenerRig.join;
import static dev.baton.it.listener.ListenerRig.port;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.baton.it.listener.ListenerRig.Echo;
import dev.baton.plugin.unbind.AtOnceStrategy;
import dev.baton.plugin.unbind.DrainStrategy;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.ListenerResult.Outcome;
import dev.baton.spi.listener.ListenerState;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.posix.Errno;
import dev.baton.testkit.OpenFds;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.AttributeKey;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * R01, the deadlock that Baton's seed is about: a thread unbinds a listener under a lock that a loop inside accept
 * waits for; J4: the end of an unbind is the moment at which the port can be bound again; R37: a stopped listener that
 * comes back.
 */
@Timeout(60)
class UnbindIT {
    private static final int LOOPS = 3;
    private static final AttributeKey<Boolean> ENDS_WHEN_ASKED = AttributeKey.valueOf("UnbindIT.ends");
    /** Time for a few round trips, on a busy machine too. */
    private static final Duration GRACE = Duration.ofSeconds(3);

    private static final Duration LONG = Duration.ofMinutes(1);

    private static ServerSocket bind(int port) throws IOException {
        return new ServerSocket(port, 50, InetAddress.getByName(ListenerRig.HOST));
    }

    private static List<Fd> listening(ListenerRig rig) {
        List<Fd> found = new ArrayList<>();
        rig.loops.table().forEach(fd -> {
            if (fd.kind() == FdKind.LISTENER) {
                found.add(fd.fd());
            }
        });
        return found;
    }

    /** A service whose callback wants a lock that the test has. */
    private static final class Locking extends Echo {
        final ReentrantLock lock = new ReentrantLock();
        final CountDownLatch inside;

        Locking(int loops) {
            inside = new CountDownLatch(loops);
        }

        @Override
        public void initialize(MovableChannel connection, String listener) {
            inside.countDown();
            lock.lock();
            try {
                super.initialize(connection, listener);
            } finally {
                lock.unlock();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void anUnbindUnderALockThatEveryLoopInAcceptWaitsForReturnsAtOnce(PollerProvider poller) throws Exception {
        try (ListenerRig rig = new ListenerRig(poller, LOOPS)) {
            long openBefore = rig.loops.counters().openFds();
            Locking service = new Locking(LOOPS);
            SharedListener listener = rig.start(1_000, new AtOnceStrategy(), service);
            int number = listening(rig).get(0).number();
            List<Socket> clients = new ArrayList<>();
            CompletableFuture<ListenerResult> unbound;
            CompletableFuture<Integer> boundAgain;
            service.lock.lock();
            try {
                // One connection for each loop: a loop that stands in the callback takes no second one.
                for (int i = 0; i < LOOPS; i++) {
                    clients.add(connect(listener));
                }
                assertThat(service.inside.await(20, TimeUnit.SECONDS)).isTrue();
                rig.faults.forgetCloses();

                unbound = listener.unbind(LONG).toCompletableFuture();

                // It has returned although every loop waits for our lock: this line would never be reached.
                assertThat(listener.state()).isEqualTo(ListenerState.STOPPED);
                assertThat(rig.loops.counters().orphans()).isEqualTo(1);
                assertThat(rig.faults.closes(number)).isZero();
                assertThatThrownBy(() -> bind(port(listener)).close()).isInstanceOf(BindException.class);
                assertThat(unbound).as("the claims still hold the port").isNotDone();
                boundAgain = unbound.thenApply(result -> boundPort(port(listener)));
            } finally {
                service.lock.unlock();
            }
            ListenerResult result = unbound.get(20, TimeUnit.SECONDS);
            assertThat(result.outcome()).as(result.detail()).isEqualTo(Outcome.UNBOUND);
            assertThat(boundAgain.get(20, TimeUnit.SECONDS)).isEqualTo(port(listener));
            for (Socket client : clients) {
                assertThat(ended(client)).as("accepted, and cut by the unbind").isTrue();
                client.close();
            }
            await().until(() -> listener.connections() == 0);
            rig.quiet();
            assertThat(rig.loops.counters().orphans()).isZero();
            assertThat(rig.loops.counters().openFds()).isEqualTo(openBefore);
            assertThat(rig.loops.failures()).isEmpty();
        }
    }

    /** Binds at once, on the thread that completes the unbind. */
    private static int boundPort(int port) {
        try (ServerSocket again = bind(port)) {
            return again.getLocalPort();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static boolean ended(Socket client) {
        try {
            return client.getInputStream().read() < 0;
        } catch (IOException reset) {
            return true;
        }
    }

    /** Who unbinds is a loop inside accept itself: its own claim keeps the fd until it leaves. */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aServiceUnbindsItsOwnListenerWhileItIsGivenAConnection(PollerProvider poller) throws Exception {
        try (ListenerRig rig = new ListenerRig(poller, 2)) {
            CompletableFuture<SharedListener> self = new CompletableFuture<>();
            CompletableFuture<ListenerResult> unbound = new CompletableFuture<>();
            SharedListener listener = rig.start(10, new DrainStrategy(), new Echo() {
                @Override
                public void initialize(MovableChannel connection, String name) {
                    super.initialize(connection, name);
                    self.join().unbind(GRACE).whenComplete((result, failure) -> {
                        unbound.complete(result);
                    });
                    assertThat(rig.loops.counters().orphans()).isEqualTo(1);
                }
            });
            self.complete(listener);
            try (Socket client = connect(listener)) {
                assertThat(echo(client, 5)).as("served within the grace").isEqualTo(5);
                assertThat(unbound.get(20, TimeUnit.SECONDS).outcome()).isEqualTo(Outcome.UNBOUND);
                assertThat(ended(client)).as("cut after the grace").isTrue();
            }
            assertThat(boundPort(port(listener))).isEqualTo(port(listener));
            assertThat(rig.loops.failures()).isEmpty();
        }
    }

    /** One connection ends when it is asked to, one later within the grace, one never. */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void drainLetsConnectionsFinishAndCutsTheRest(PollerProvider poller) throws Exception {
        try (ListenerRig rig = new ListenerRig(poller, 2)) {
            SharedListener listener = rig.start(10, new DrainStrategy(), new Echo() {
                @Override
                public void drain(MovableChannel connection, Duration patience) {
                    if (connection.attr(ENDS_WHEN_ASKED).get() != null) {
                        connection.close();
                    }
                }

                @Override
                public void channelRead(ChannelHandlerContext context, Object message) {
                    if (((ByteBuf) message).getByte(0) == 'e') {
                        context.channel().attr(ENDS_WHEN_ASKED).set(true);
                    }
                    super.channelRead(context, message);
                }
            });
            try (Socket obedient = connect(listener);
                    Socket late = connect(listener);
                    Socket stubborn = connect(listener)) {
                assertThat(echo(obedient, 'e')).isEqualTo('e');
                assertThat(echo(late, 'l')).isEqualTo('l');
                assertThat(echo(stubborn, 's')).isEqualTo('s');
                CompletableFuture<ListenerResult> unbound =
                        listener.unbind(GRACE).toCompletableFuture();
                assertThat(ended(obedient)).as("asked to end").isTrue();
                assertThat(echo(late, 'L')).as("goes on within the grace").isEqualTo('L');
                late.close();
                assertThat(ended(stubborn)).as("cut").isTrue();

                ListenerResult result = unbound.get(20, TimeUnit.SECONDS);
                assertThat(result.outcome()).isEqualTo(Outcome.UNBOUND);
                assertThatThrownBy(() -> connect(listener)).isInstanceOf(ConnectException.class);
                assertThat(result.detail())
                        .isEqualTo(listener.address()
                                + " is free; 2 connections ended by themselves, 1 connection was closed after 3s");
            }
            assertThat(listener.cut()).isEqualTo(1);
            await().until(() -> listener.connections() == 0);
            assertThat(join(listener.unbind(LONG)).outcome()).isEqualTo(Outcome.UNCHANGED);
        }
    }

    /** Nobody waits for a grace that nobody needs: the last connection that ends completes the unbind. */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void drainIsOverWhenTheLastConnectionEnds(PollerProvider poller) throws Exception {
        try (ListenerRig rig = new ListenerRig(poller, 2)) {
            SharedListener listener = rig.start(10, new DrainStrategy(), new Echo());
            CompletableFuture<ListenerResult> unbound;
            try (Socket client = connect(listener)) {
                assertThat(echo(client, 1)).isEqualTo(1);
                unbound = listener.unbind(LONG).toCompletableFuture();
                assertThat(echo(client, 2)).isEqualTo(2);
                assertThat(unbound).isNotDone();
            }
            assertThat(unbound.get(20, TimeUnit.SECONDS).detail()).endsWith("1 connection ended by itself");
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void atOnceCutsEverything(PollerProvider poller) throws Exception {
        try (ListenerRig rig = new ListenerRig(poller, 2)) {
            SharedListener listener = rig.start(10, new AtOnceStrategy(), new Echo());
            try (Socket one = connect(listener);
                    Socket two = connect(listener)) {
                assertThat(echo(one, 1)).isEqualTo(1);
                assertThat(echo(two, 2)).isEqualTo(2);

                ListenerResult result = join(listener.unbind(LONG));

                assertThat(result.detail())
                        .isEqualTo(listener.address() + " is free; 2 connections were closed at once");
                assertThat(ended(one)).isTrue();
                assertThat(ended(two)).isTrue();
            }
            assertThat(listener.cut()).isEqualTo(2);
            await().until(() -> listener.connections() == 0);
        }
    }

    /** Suspend, resume, limits and several unbinds at once from many threads, and connections meanwhile. */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void whateverHappensAtTheSameTimeAStoppedListenerStaysStopped(PollerProvider poller) throws Exception {
        int rounds = 100;
        int threads = 4;
        try (ListenerRig rig = new ListenerRig(poller, 2)) {
            long openBefore = rig.loops.counters().openFds();
            Set<String> openInKernelBefore = OpenFds.now();
            for (int round = 0; round < rounds; round++) {
                SharedListener listener = rig.start(1, new AtOnceStrategy(), new Echo());
                int number = listening(rig).get(0).number();
                rig.faults.plant("accept", 0, number, -Errno.EMFILE, 1);
                rig.faults.forgetCloses();
                CyclicBarrier together = new CyclicBarrier(threads);
                List<CompletableFuture<ListenerResult>> unbinds = new ArrayList<>();
                for (int thread = 0; thread < threads; thread++) {
                    int part = thread;
                    unbinds.add(CompletableFuture.supplyAsync(() -> part(listener, part, together), rig.worker));
                }
                for (CompletableFuture<ListenerResult> each : unbinds) {
                    ListenerResult result = each.get(20, TimeUnit.SECONDS);
                    assertThat(result.outcome())
                            .as("round %s: %s", round, result)
                            .isIn(Outcome.UNBOUND, Outcome.UNCHANGED);
                }
                assertThat(join(listener.resume()).outcome()).isEqualTo(Outcome.FAILED);
                assertThat(join(listener.suspend()).outcome()).isEqualTo(Outcome.FAILED);
                assertThat(listener.state()).isEqualTo(ListenerState.STOPPED);
                assertThat(boundPort(port(listener))).isEqualTo(port(listener));
                await().pollInterval(Duration.ofMillis(1)).until(() -> listener.connections() == 0);
            }
            rig.quiet();
            assertThat(rig.loops.counters().openFds()).isEqualTo(openBefore);
            assertThat(rig.loops.counters().orphans()).isZero();
            assertThat(OpenFds.now()).isSubsetOf(openInKernelBefore);
            assertThat(rig.loops.failures()).isEmpty();
        }
    }

    private static ListenerResult part(SharedListener listener, int part, CyclicBarrier together) {
        try {
            together.await(20, TimeUnit.SECONDS);
            for (int i = 0; i < 5; i++) {
                if (part == 0) {
                    listener.suspend();
                } else if (part == 1) {
                    listener.resume();
                } else {
                    Socket client = connectOrNot(listener);
                    if (client != null) {
                        client.close();
                    }
                }
            }
            return join(listener.unbind(Duration.ofSeconds(part)));
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static Socket connectOrNot(SharedListener listener) {
        try {
            return connect(listener);
        } catch (IOException unbound) {
            return null;
        }
    }
}
