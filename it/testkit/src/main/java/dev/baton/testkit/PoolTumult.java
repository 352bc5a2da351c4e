package dev.baton.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.pool.IdlePool;
import dev.baton.spi.pool.PoolSpec;
import dev.baton.spi.pool.Sharing;
import dev.baton.spi.pool.TakeoverPolicy;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Rows R32, R33 and F8 of the list of races: a connection that is in two lists or handed out twice, accounting that
 * drifts, entries that are stale. Loops take, put, close, rescue and hold at random, peers close at random; nothing may
 * be handed out that somebody else uses, and in the end idle + in use = open and each connection was closed at most
 * once.
 */
final class PoolTumult {
    private static final int LOOPS = 4;
    private static final int ROUNDS = 60_000;
    private static final int IDLE_MAX = 24;
    private static final int IN_USE_MAX = 12;

    private final AtomicReferenceArray<@Nullable FakeConnection> victims = new AtomicReferenceArray<>(64);
    private final Queue<FakeConnection> opened = new ConcurrentLinkedQueue<>();
    private final Set<FakeConnection> inUse = ConcurrentHashMap.newKeySet();
    private final AtomicInteger handedOut = new AtomicInteger();

    private final TakeoverPolicy policy;
    private final Sharing sharing;

    PoolTumult(TakeoverPolicy policy, Sharing sharing) {
        this.policy = policy;
        this.sharing = sharing;
    }

    /** Runs it; the seed is printed, and {@code -Dseed=} makes the loops choose the same again. */
    void run() throws Exception {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("pool tumult, -Dseed=" + seed);
        ManualLoop[] loops = new ManualLoop[LOOPS];
        for (int i = 0; i < LOOPS; i++) {
            loops[i] = new ManualLoop(i);
        }
        IdlePool pool = policy.open(
                new PoolSpec("app", "s", "test", IDLE_MAX, Duration.ofSeconds(60), sharing, ManualLoop.loops(loops)));

        SplittableRandom seeds = new SplittableRandom(seed);
        CyclicBarrier start = new CyclicBarrier(LOOPS);
        ExecutorService threads = Executors.newFixedThreadPool(LOOPS);
        try {
            List<Future<?>> runs = new ArrayList<>();
            for (ManualLoop loop : loops) {
                SplittableRandom random = seeds.split();
                runs.add(threads.submit(() -> {
                    start.await();
                    loop.run(() -> new Worker(loop, loops, pool, random).run());
                    return null;
                }));
            }
            for (Future<?> run : runs) {
                run.get(60, TimeUnit.SECONDS);
            }
        } finally {
            threads.shutdownNow();
        }
        System.out.println(opened.size() + " opened, " + handedOut + " handed out, " + pool.figures());
        assertThat(handedOut.get()).isGreaterThan(ROUNDS / 10);

        checkAccounts(pool);
        checkAllIdleCanBeTaken(pool, loops);
        pool.close();
        assertThat(pool.figures().idle()).isZero();
        assertThat(opened).allMatch(connection -> connection.closes() == (connection.isOpen() ? 0 : 1));
        assertThat(opened.stream().filter(FakeConnection::isOpen)).allMatch(inUse::contains);
    }

    private void checkAccounts(IdlePool pool) {
        int open = (int) opened.stream().filter(FakeConnection::isOpen).count();
        int used = (int) inUse.stream().filter(FakeConnection::isOpen).count();
        assertThat(pool.figures().idle() + used).as("idle + in use = open").isEqualTo(open);
    }

    private void checkAllIdleCanBeTaken(IdlePool pool, ManualLoop[] loops) {
        int idle = pool.figures().idle();
        Set<FakeConnection> taken = new HashSet<>();
        for (ManualLoop loop : sharing == Sharing.TAKEOVER ? new ManualLoop[] {loops[0]} : loops) {
            loop.run(() -> {
                FakeConnection connection;
                while ((connection = (FakeConnection) pool.take(loop)) != null) {
                    assertThat(taken.add(connection)).isTrue();
                    assertThat(inUse.add(connection)).isTrue();
                    connection.leave();
                }
            });
        }
        assertThat(taken).hasSize(idle);
        assertThat(pool.figures().idle()).isZero();
    }

    /** What one loop does at random. */
    private final class Worker implements Runnable {
        private final ManualLoop loop;
        private final ManualLoop[] loops;
        private final IdlePool pool;
        private final SplittableRandom random;
        private final ArrayDeque<FakeConnection> mine = new ArrayDeque<>();
        private final ArrayDeque<FakeConnection> held = new ArrayDeque<>();

        Worker(ManualLoop loop, ManualLoop[] loops, IdlePool pool, SplittableRandom random) {
            this.loop = loop;
            this.loops = loops;
            this.pool = pool;
            this.random = random;
        }

        @Override
        public void run() {
            for (int round = 0; round < ROUNDS; round++) {
                // By turns some loops take more and others put more, so that what one has put the other must take over.
                boolean taker = (round / 100 + loop.id()) % 2 == 0;
                int dice = random.nextInt(100);
                if (dice < (taker ? 60 : 25)) {
                    take();
                } else if (dice < 85) {
                    put();
                } else if (dice < 88) {
                    peerCloses();
                } else if (dice < 91) {
                    rescue();
                } else if (dice < 98) {
                    hold();
                } else if (!mine.isEmpty()) {
                    FakeConnection connection = mine.removeFirst();
                    inUse.remove(connection);
                    connection.close();
                }
                if (held.size() > 2 || (random.nextBoolean() && !held.isEmpty())) {
                    held.removeFirst().leave();
                }
                int idle = pool.figures().idle();
                assertThat(idle).isBetween(0, IDLE_MAX);
            }
            held.forEach(FakeConnection::leave);
        }

        private void take() {
            if (mine.size() >= IN_USE_MAX) {
                return;
            }
            FakeConnection connection = (FakeConnection) pool.take(loop);
            if (connection == null) {
                connection = new FakeConnection(loop);
                FakeConnection made = connection;
                made.closeFuture().addListener(closed -> pool.remove(made));
                opened.add(made);
                victims.set(random.nextInt(victims.length()), made);
            } else {
                handedOut.incrementAndGet();
                assertThat(connection.heldByCaller()).isTrue();
                assertThat(connection.loop()).isSameAs(loop);
                connection.leave();
            }
            assertThat(inUse.add(connection)).as("handed out twice").isTrue();
            mine.addLast(connection);
        }

        private void put() {
            FakeConnection connection = mine.pollFirst();
            // Somebody may hold it (as a late event would) or have rescued it; the pool must cope with both.
            if (connection != null) {
                assertThat(inUse.remove(connection)).isTrue();
                if (!pool.put(loop, connection)) {
                    connection.close();
                }
            }
        }

        private void peerCloses() {
            FakeConnection victim = victims.get(random.nextInt(victims.length()));
            if (victim != null) {
                victim.close();
            }
        }

        private void rescue() {
            FakeConnection victim = victims.get(random.nextInt(victims.length()));
            if (victim != null) {
                victim.rescueTo(loops[random.nextInt(LOOPS)]);
            }
        }

        private void hold() {
            FakeConnection victim = victims.get(random.nextInt(victims.length()));
            if (victim != null && !victim.heldByCaller() && victim.tryEnter()) {
                held.addLast(victim);
            }
        }
    }
}
