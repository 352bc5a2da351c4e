package dev.baton.plugin.takeover;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.FakeConnection;
import dev.baton.testkit.ManualLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The stack by itself: nothing is lost between pushes, pops, withdrawals and walks that unlink what is dead. */
class IdleStackTest {
    private final ManualLoop loop = new ManualLoop(0);
    private final FakeConnection connection = new FakeConnection(loop);
    private final IdleStack stack = new IdleStack(loop);

    private IdleEntry push() {
        IdleEntry entry = new IdleEntry(stack, connection, 0, 0);
        stack.push(entry);
        return entry;
    }

    private void withdraw(IdleEntry entry) {
        assertThat(entry.withdraw()).isSameAs(connection);
        stack.withdrawn(1_000_000); // far from the number at which it walks by itself
    }

    @Test
    void theLastInIsTheFirstOut() {
        IdleEntry first = push();
        IdleEntry second = push();
        assertThat(stack.pop()).isSameAs(second);
        assertThat(stack.pop()).isSameAs(first);
        assertThat(stack.pop()).isNull();
        assertThat(stack.isEmpty()).isTrue();
    }

    /**
     * A connection remembers its last entry for as long as it is in use: that must not keep a chain of others alive.
     */
    @Test
    void whatWasPoppedHoldsOnToNothing() {
        push();
        IdleEntry second = push();
        assertThat(stack.pop()).isSameAs(second);
        assertThat(second.next()).isNull();
    }

    @Test
    void aWithdrawnEntryHoldsOnToNoConnectionAndIsPassedOver() {
        IdleEntry first = push();
        IdleEntry second = push();
        withdraw(second);
        assertThat(second.withdraw()).isNull();
        assertThat(stack.deadCount()).isEqualTo(1);
        assertThat(stack.pop()).isSameAs(first);
        assertThat(stack.deadCount()).isZero();
        assertThat(first.withdraw()).isNull();
    }

    @Test
    void aWalkUnlinksTheDeadWhereverTheyAre() {
        List<IdleEntry> entries = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            entries.add(push());
        }
        for (int dead : new int[] {0, 3, 4, 8}) { // bottom, two in a row, top
            withdraw(entries.get(dead));
        }
        stack.walk(entry -> false);
        assertThat(stack.deadCount()).isZero();
        for (int live : new int[] {7, 6, 5, 2, 1}) {
            assertThat(stack.pop()).isSameAs(entries.get(live));
        }
        assertThat(stack.pop()).isNull();
    }

    @Test
    void aWalkWithdrawsWhatItIsToldTo() {
        IdleEntry keep = push();
        IdleEntry old = push();
        stack.walk(entry -> entry == old && entry.withdraw() != null);
        assertThat(stack.pop()).isSameAs(keep);
        assertThat(stack.pop()).isNull();
    }

    /** Each entry leaves once, by a pop or a withdrawal, however pops and walks meet. */
    @Test
    void nothingIsLostBesideWalks() throws Exception {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("IdleStackTest, -Dseed=" + seed);
        SplittableRandom seeds = new SplittableRandom(seed);
        int pushes = 100_000;
        AtomicReferenceArray<@Nullable IdleEntry> recent = new AtomicReferenceArray<>(32);
        AtomicBoolean pushing = new AtomicBoolean(true);
        AtomicInteger popped = new AtomicInteger();
        AtomicInteger withdrawn = new AtomicInteger();
        CyclicBarrier start = new CyclicBarrier(4);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<?>> runs = new ArrayList<>();
            SplittableRandom slots = seeds.split();
            runs.add(threads.submit(() -> {
                start.await();
                for (int i = 0; i < pushes; i++) {
                    IdleEntry entry = push();
                    recent.set(slots.nextInt(recent.length()), entry);
                    // Some at once, before the poppers have them all.
                    if (slots.nextInt(4) == 0 && entry.withdraw() != null) {
                        withdrawn.incrementAndGet();
                        stack.withdrawn(1_000_000);
                    }
                }
                pushing.set(false);
                return null;
            }));
            for (int i = 0; i < 2; i++) {
                runs.add(threads.submit(() -> {
                    start.await();
                    while (pushing.get()) {
                        if (stack.pop() != null) {
                            popped.incrementAndGet();
                        }
                    }
                    return null;
                }));
            }
            SplittableRandom victims = seeds.split();
            runs.add(threads.submit(() -> {
                start.await();
                while (pushing.get()) {
                    IdleEntry victim = recent.get(victims.nextInt(recent.length()));
                    if (victim != null && victim.withdraw() != null) {
                        withdrawn.incrementAndGet();
                        stack.withdrawn(0);
                    }
                    stack.walk(entry -> false);
                }
                return null;
            }));
            for (Future<?> run : runs) {
                run.get(60, TimeUnit.SECONDS);
            }
        } finally {
            threads.shutdownNow();
        }
        IdleEntry rest;
        while ((rest = stack.pop()) != null) {
            assertThat(Objects.requireNonNull(rest.connection())).isSameAs(connection);
            popped.incrementAndGet();
        }
        System.out.println(popped + " popped, " + withdrawn + " withdrawn");
        assertThat(popped.get() + withdrawn.get()).isEqualTo(pushes);
        assertThat(withdrawn.get()).isPositive();
        assertThat(stack.deadCount()).isZero();
    }
}
