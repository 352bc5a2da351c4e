package dev.baton.it.listener;

import static dev.baton.it.listener.ListenerRig.HOST;
import static dev.baton.it.listener.ListenerRig.connect;
import static dev.baton.it.listener.ListenerRig.echo;
import static dev.baton.it.listener.ListenerRig.join;
import static dev.baton.it.listener.ListenerRig.started;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.it.Pollers;
import dev.baton.plugin.tcplistener.TcpListenerKind;
import dev.baton.plugin.unbind.AtOnceStrategy;
import dev.baton.runtime.listener.ListenerSpec.Limits;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.listener.ListenerResult.Outcome;
import dev.baton.spi.listener.SocketSettings;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.testkit.TestLoops;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A listener gets loops and loses them while it serves: nobody who connects is lost, a loop that has let go neither
 * polls nor accepts (R38 for one loop), and the finalizer takes the fd out of every poller that still has it.
 */
@Timeout(120)
class ListenerLoopsIT {
    private static final int LOOPS = 3;
    private static final int CHANGES = 300;
    private static final int CLIENTS = 4;
    private static final Limits LIMITS = new Limits(1_000, 10_000);

    static Stream<Arguments> both() {
        return Pollers.all().flatMap(poller -> Stream.of(Arguments.of(poller, false), Arguments.of(poller, true)));
    }

    private static SharedListener start(ListenerRig rig, boolean perLoop) throws IOException {
        return started(rig.listener(
                new TcpListenerKind(),
                HOST + ":0",
                new SocketSettings(perLoop, OptionalInt.empty(), Optional.empty(), Optional.empty()),
                LIMITS,
                false,
                new AtOnceStrategy()));
    }

    private static void remove(SharedListener listener, BatonLoop loop) throws Exception {
        listener.removeLoop(loop).toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    private static void add(SharedListener listener, BatonLoop loop) throws Exception {
        listener.addLoop(loop).toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    /** The loops that the table lets into the listening fds. */
    private static Set<Integer> sharers(ListenerRig rig) {
        Set<Integer> ids = new HashSet<>();
        rig.loops.table().forEach(state -> {
            if (state.kind() == FdKind.LISTENER) {
                Arrays.stream(state.loops()).forEach(ids::add);
            }
        });
        return ids;
    }

    @ParameterizedTest
    @MethodSource("both")
    void loopsComeAndGoUnderLoadAndNobodyIsLost(PollerProvider poller, boolean perLoop) throws Exception {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("loops come and go, -Dseed=" + seed);
        Random random = new Random(seed);
        try (ListenerRig rig = new ListenerRig(poller, LOOPS)) {
            SharedListener listener = start(rig, perLoop);
            AtomicBoolean done = new AtomicBoolean();
            AtomicLong served = new AtomicLong();
            ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                running.add(clients.submit(() -> {
                    while (!done.get()) {
                        try (Socket client = connect(listener)) {
                            assertThat(echo(client, 5)).isEqualTo(5);
                            served.incrementAndGet();
                        }
                    }
                    return null;
                }));
            }
            try {
                boolean[] serves = new boolean[LOOPS];
                Arrays.fill(serves, true);
                for (int i = 0; i < CHANGES; i++) {
                    int id = random.nextInt(LOOPS);
                    boolean others = (id == 0 ? serves[1] || serves[2] : serves[0] || serves[3 - id]);
                    if (!others) {
                        add(listener, rig.loops.loop((id + 1) % LOOPS)); // somebody must serve
                        serves[(id + 1) % LOOPS] = true;
                    }
                    serves[id] = !serves[id];
                    if (serves[id]) {
                        add(listener, rig.loops.loop(id));
                    } else {
                        remove(listener, rig.loops.loop(id));
                    }
                }
                long before = served.get();
                await().atMost(Duration.ofSeconds(20)).until(() -> served.get() > before + CLIENTS);
                assertThat(listener.fds()).hasSizeLessThanOrEqualTo(perLoop ? LOOPS : 1);
            } finally {
                done.set(true);
                clients.shutdown();
            }
            for (Future<?> each : running) {
                each.get(20, TimeUnit.SECONDS);
            }
            assertThat(join(listener.unbind(Duration.ZERO)).outcome()).isEqualTo(Outcome.UNBOUND);
        }
    }

    @ParameterizedTest
    @MethodSource("both")
    void aLoopThatHasLetGoAcceptsNobody(PollerProvider poller, boolean perLoop) throws Exception {
        try (ListenerRig rig = new ListenerRig(poller, LOOPS)) {
            SharedListener listener = start(rig, perLoop);
            assertThat(sharers(rig)).containsExactlyInAnyOrder(0, 1, 2);
            remove(listener, rig.loops.loop(1));
            assertThat(sharers(rig)).containsExactlyInAnyOrder(0, 2);
            long accepted = rig.loops.loop(1).accepted();
            for (int i = 0; i < 60; i++) {
                try (Socket client = connect(listener)) {
                    assertThat(echo(client, i)).isEqualTo(i);
                }
            }
            assertThat(rig.loops.loop(1).accepted()).isEqualTo(accepted);
            assertThat(listener.accepted()).isEqualTo(60);

            add(listener, rig.loops.loop(1));
            remove(listener, rig.loops.loop(0));
            remove(listener, rig.loops.loop(2));
            for (int i = 0; i < 10; i++) {
                try (Socket client = connect(listener)) {
                    assertThat(echo(client, i)).isEqualTo(i);
                }
            }
            assertThat(rig.loops.loop(1).accepted()).isEqualTo(accepted + 10);
            assertThat(join(listener.unbind(Duration.ZERO)).outcome()).isEqualTo(Outcome.UNBOUND);
        }
    }

    /**
     * It cannot let go while it is blocked; the unbind needs it not, and whatever it does afterwards is of another
     * time.
     */
    @ParameterizedTest
    @MethodSource("both")
    void aBlockedLoopThatIsToGoHoldsNothingUp(PollerProvider poller, boolean perLoop) throws Exception {
        try (ListenerRig rig = new ListenerRig(poller, LOOPS)) {
            SharedListener listener = start(rig, perLoop);
            rig.quiet();
            BatonLoop blocked = rig.loops.loop(0);
            CountDownLatch entered = new CountDownLatch(1);
            CountDownLatch free = new CountDownLatch(1);
            blocked.execute(() -> {
                entered.countDown();
                try {
                    free.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            entered.await();
            try {
                var gone = listener.removeLoop(blocked).toCompletableFuture();
                assertThat(gone).isNotDone();
                assertThat(sharers(rig)).as("its poller still has the fd").contains(0);
                assertThat(join(listener.unbind(Duration.ZERO)).outcome()).isEqualTo(Outcome.UNBOUND);
                free.countDown();
                gone.get(20, TimeUnit.SECONDS);
            } finally {
                free.countDown();
            }
            assertThat(TestLoops.on(blocked, () -> true)).isTrue();
            assertThat(sharers(rig)).isEmpty();
        }
    }

    /** Its own socket goes on with another loop: what is in its backlog is served. */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void theSocketOfALoopThatHasEndedGoesOnWithAnother(PollerProvider poller) throws Exception {
        try (ListenerRig rig = new ListenerRig(poller, LOOPS)) {
            SharedListener listener = start(rig, true);
            assertThat(listener.fds()).hasSize(LOOPS);
            rig.loops.loop(0).shutdownGracefully(0, 20, TimeUnit.SECONDS).sync();
            remove(listener, rig.loops.loop(0));
            assertThat(sharers(rig)).containsExactlyInAnyOrder(1, 2);
            assertThat(listener.fds()).hasSize(LOOPS);
            for (int i = 0; i < 60; i++) {
                // The kernel spreads them over all three sockets.
                try (Socket client = connect(listener)) {
                    assertThat(echo(client, i)).isEqualTo(i);
                }
            }
            assertThat(join(listener.unbind(Duration.ZERO)).outcome()).isEqualTo(Outcome.UNBOUND);
        }
    }
}
