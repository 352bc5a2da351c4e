package dev.baton.runtime.upstream;

import dev.baton.lincheck.Interleavings;
import dev.baton.runtime.upstream.MutantQueue.Mutation;
import dev.baton.runtime.upstream.ServerQueue.Settled;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Row F19 of the list of races: those that wait for one of a server's connections. There are never more connections
 * than places; each connect is served, refused or cancelled, once; who has come before is served before, of those that
 * can use the same connections; and nobody waits while a place is free or a connection rests.
 *
 * <p>The operations do what {@code ConnectionLimit} does. Resting connections are numbers here: what the pool makes of
 * theirs is shown elsewhere. Even connects are of one profile, odd ones of another.
 */
class ServerQueueLincheckTest {
    private static volatile Mutation mutation = Mutation.NONE;

    private static final int IDS = 6;
    private static final int KINDS = 2;
    private static final Integer[] KIND = {0, 1};
    private static final int PLACES = 2;
    private static final int WAITING_MAX = 2;

    /** Who has a connection; of what became of a connect. */
    private static final int NONE = 0;

    private static final int HAS = 1;

    /** 0 and 1 have connections from the start. */
    private static final String[] SCENARIOS = {
        "connect 2 | close 0",
        "connect 2 | release 0",
        "connect 3 | release 0",
        "connect 2, cancel 2 | close 0",
        "connect 2, cancel 2 | release 0",
        "connect 2 | connect 3 | close 0",
        "connect 2 | connect 4 | release 0",
        "connect 2, connect 4 | release 0, close 1",
        "connect 2, connect 3 | close 0, close 1",
        "connect 2 | close 0 | close 1",
        "connect 2, connect 4, connect 3 | close 0",
        "connect 2, connect 4, cancel 2 | close 0",
        "connect 2, connect 4 | cancel 2 | close 0",
        "connect 2 | release 0, release 1 | connect 5",
        "close 0, connect 2 | close 1, connect 4 | connect 3",
        "release 0, connect 3 | release 1, connect 4",
        "close 0, connect 2 | receive 0",
        "close 0, receive 1 | connect 2",
    };

    /** One connect. */
    static final class Connect extends ServerQueue.Waiter {
        final World world;
        final int id;
        final Object kind;
        /** The connects that waited when it began. */
        final boolean[] before = new boolean[IDS];

        Connect(World world, int id) {
            super(KIND[id % KINDS]);
            this.world = world;
            this.id = id;
            this.kind = KIND[id % KINDS];
        }

        @Override
        void placed() {
            world.opened(this);
        }
    }

    /** What there is of a server. */
    public abstract static class World {
        private final Line<Connect> line = line();
        private final AtomicReferenceArray<@Nullable Connect> connects = new AtomicReferenceArray<>(IDS);
        private final AtomicIntegerArray told = new AtomicIntegerArray(IDS);
        private final AtomicIntegerArray known = new AtomicIntegerArray(IDS);
        private final AtomicIntegerArray has = new AtomicIntegerArray(IDS);
        private final AtomicIntegerArray idle = new AtomicIntegerArray(KINDS);
        private final AtomicInteger open = new AtomicInteger();

        World() {
            connect(0);
            connect(1);
        }

        abstract Line<Connect> line();

        @Operation
        public final void connect(@Param(gen = IntGen.class, conf = "2:5") int id) {
            Connect newcomer = new Connect(this, id);
            for (int other = 0; other < IDS; other++) {
                newcomer.before[other] = known.get(other) == 1;
            }
            if (!connects.compareAndSet(id, null, newcomer)) {
                return; // a random scenario asks twice
            }
            if (mutation == Mutation.LOOKS_BEFORE_ADDING) {
                look();
                if (line.takePlace()) {
                    line.add(newcomer);
                    line.end(newcomer);
                    newcomer.changes(0, 2);
                    newcomer.placed();
                    return;
                }
                line.add(newcomer);
            } else {
                line.add(newcomer);
                look();
            }
            Settled settled = line.settle(newcomer);
            if (settled == Settled.FULL) {
                told(id);
            } else if (settled == Settled.WAITS) {
                known.set(id, 1);
            }
        }

        /** The client of a connect is gone. */
        @Operation
        public final void cancel(@Param(gen = IntGen.class, conf = "2:5") int id) {
            Connect connect = connects.get(id);
            if (connect != null && line.end(connect)) {
                told(id);
            }
        }

        /** The connection of a connect is closed. */
        @Operation
        public final void close(@Param(gen = IntGen.class, conf = "0:5") int id) {
            if (has.compareAndSet(id, HAS, NONE)) {
                closed();
            }
        }

        /** The connection of a connect is handed over, or rests. */
        @Operation
        public final void release(@Param(gen = IntGen.class, conf = "0:5") int id) {
            if (!has.compareAndSet(id, HAS, NONE)) {
                return;
            }
            int kind = id % KINDS;
            Connect next = line.isEmpty() ? null : line.serve(KIND[kind]);
            if (next != null) {
                served(next, false);
            } else if (mutation == Mutation.RESTS_AFTER_LOOKING) {
                look();
                idle.incrementAndGet(kind);
            } else {
                idle.incrementAndGet(kind);
                if (!line.isEmpty()) {
                    look();
                }
            }
        }

        /** A connection of another process takes a place, and rests. */
        @Operation
        public final void receive(@Param(gen = IntGen.class, conf = "0:1") int kind) {
            if (line.takePlace()) {
                countOpen();
                idle.incrementAndGet(kind);
                if (!line.isEmpty()) {
                    look();
                }
            }
        }

        private void look() {
            Connect first;
            while ((first = line.grant()) != null) {
                int own = first.id % KINDS;
                if (takeIdle(own)) {
                    Connect next = line.serve(KIND[own]);
                    if (next != null) {
                        served(next, false);
                    } else {
                        idle.incrementAndGet(own);
                    }
                } else if (takeIdle(1 - own)) {
                    closed();
                    return;
                } else {
                    return;
                }
            }
        }

        private boolean takeIdle(int kind) {
            int count = idle.get(kind);
            while (count > 0) {
                if (idle.compareAndSet(kind, count, count - 1)) {
                    return true;
                }
                count = idle.get(kind);
            }
            return false;
        }

        private void closed() {
            open.decrementAndGet();
            if (mutation == Mutation.FREES_AFTER_LOOKING) {
                look();
                line.freePlace();
            } else {
                line.freePlace();
                look();
            }
        }

        final void opened(Connect connect) {
            countOpen();
            served(connect, true);
        }

        private void countOpen() {
            if (open.incrementAndGet() > PLACES) {
                throw new AssertionError("more connections than places");
            }
        }

        private void served(Connect connect, boolean placed) {
            for (int other = 0; other < IDS; other++) {
                Connect earlier = connects.get(other);
                if (connect.before[other]
                        && earlier != null
                        && earlier.isWaiting()
                        && (placed || earlier.kind == connect.kind)) {
                    throw new AssertionError(connect.id + " has overtaken " + other);
                }
            }
            told(connect.id);
            has.set(connect.id, HAS);
        }

        private void told(int id) {
            if (told.incrementAndGet(id) > 1) {
                throw new AssertionError(id + " was told twice");
            }
        }

        @Validate
        public final void quiet() {
            boolean waits = !line.isEmpty();
            if (waits && (line.taken() < PLACES || idle.get(0) + idle.get(1) > 0)) {
                throw new AssertionError("one waits, and there is a connection to be had");
            }
            int closes = 0;
            for (int round = 0; round < IDS; round++) {
                for (int id = 0; id < IDS; id++) {
                    if (has.get(id) == HAS) {
                        close(id);
                        closes++;
                    }
                }
            }
            for (int id = 0; id < IDS; id++) {
                if (connects.get(id) != null && told.get(id) != 1) {
                    throw new AssertionError(id + " was never told, after " + closes + " closes");
                }
            }
            if (line.taken() != idle.get(0) + idle.get(1)) {
                throw new AssertionError(line.taken() + " places are taken");
            }
            if (line.waiting() != 0) {
                throw new AssertionError(line.waiting() + " are counted that do not wait");
            }
        }
    }

    /** The queue of the runtime. */
    public static final class Real extends World {
        @Override
        Line<Connect> line() {
            return new RealQueue();
        }
    }

    /** The copy. */
    public static final class Mutant extends World {
        @Override
        Line<Connect> line() {
            return new MutantQueue(mutation, PLACES, WAITING_MAX);
        }
    }

    private static final class RealQueue implements Line<Connect> {
        private final ServerQueue<Connect> queue = new ServerQueue<>(PLACES, WAITING_MAX);

        @Override
        public void add(Connect newcomer) {
            queue.add(newcomer);
        }

        @Override
        public Settled settle(Connect newcomer) {
            return queue.settle(newcomer);
        }

        @Override
        public boolean takePlace() {
            return queue.takePlace();
        }

        @Override
        public void freePlace() {
            queue.freePlace();
        }

        @Override
        public int taken() {
            return queue.taken();
        }

        @Override
        public int waiting() {
            return queue.waiting();
        }

        @Override
        public boolean isEmpty() {
            return queue.isEmpty();
        }

        @Override
        public @Nullable Connect grant() {
            return queue.grant();
        }

        @Override
        public @Nullable Connect serve(Object kind) {
            return queue.serve(kind);
        }

        @Override
        public boolean end(Connect waiter) {
            return queue.end(waiter);
        }
    }

    private static Interleavings of(Class<?> world) {
        return Interleavings.ofSelfChecking(world).scenarios(SCENARIOS);
    }

    @Test
    void eachIsServedInTurnAndNoPlaceIsLost() {
        mutation = Mutation.NONE;
        of(Real.class).random(3, 3).mustPass();
    }

    @Tag("long") // most of the time of its module
    @Test
    void theCopyWithoutAnErrorPasses() {
        mutation = Mutation.NONE;
        of(Mutant.class).mustPass();
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void everyErrorIsFound(Mutation error) {
        mutation = error;
        of(Mutant.class).mustFail(error);
    }
}
