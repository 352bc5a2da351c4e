package dev.baton.plugin.takeover;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.Loops;
import dev.baton.spi.pool.IdlePool;
import dev.baton.spi.pool.PoolFigures;
import dev.baton.spi.pool.PoolSpec;
import dev.baton.spi.pool.Sharing;
import io.netty.util.Attribute;
import io.netty.util.AttributeKey;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Idle connections of all loops to one server: an {@link IdleStack} for each loop, one exact count for all.
 *
 * <p>What the pool remembers may be out of date at any time: a connection may have been closed, taken over or rescued
 * since its put. So a take first removes the entry, then asks the fd table for the connection ({@code tryEnter} if the
 * loop owns it, else {@code takeover}) and tries the next where it is refused. After {@value #MAX_REFUSALS} refusals it
 * gives up: opening a connection costs less than to go on. Nothing here waits for another loop.
 *
 * <p>A connection that was refused is busy for a moment (a late event, a rescue that moves it, an owner that has tasks
 * for it): it goes back, unless it was refused {@value #MAX_REFUSALS} times in a row. Then something is wrong with it,
 * and it is closed rather than met first by every take.
 *
 * <p>Bytes that arrive on an idle connection belong to no exchange (the peer talks out of turn, or it answers an old
 * request twice): the owner of the pipeline must close the connection when it reads any while it has no exchange. The
 * pool cannot see them; it notices only the close, by {@link #remove}.
 */
final class LoopStacks implements IdlePool {
    private static final Logger LOG = LoggerFactory.getLogger(LoopStacks.class);

    /** Refusals after which a take gives up, and after which a connection is given up. */
    static final int MAX_REFUSALS = 3;

    /** Sweeps in an idle timeout: a connection is idle for at least the timeout and at most an eighth longer. */
    static final int TICKS_PER_TIMEOUT = 8;

    /** The shortest time between two sweeps of a loop, in nanoseconds: a tiny timeout must not keep a loop busy. */
    private static final long MIN_TICK_NANOS = 1_000_000;

    /** Connections that one sweep closes (each costs some microseconds); the rest is left to a later turn. */
    private static final int MAX_CLOSES_PER_SWEEP = 128;

    /** The last entry made for a connection: how {@link #remove} finds it without looking for it. */
    private static final AttributeKey<IdleEntry> ENTRY = AttributeKey.valueOf(IdleEntry.class, "last");

    private static final VarHandle STACKS;

    static {
        try {
            STACKS = MethodHandles.lookup().findVarHandle(LoopStacks.class, "stacks", IdleStack[].class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final int idleMax;
    private final boolean shared;
    private final long tickNanos;
    private final Loops loops;
    private final AtomicInteger idle = new AtomicInteger();
    private final LongAdder reusesLocal = new LongAdder();
    private final LongAdder reusesTakeover = new LongAdder();
    private final LongAdder takeoversRefused = new LongAdder();

    /** By loop id, with gaps; replaced by a longer copy when a loop is first seen. */
    @SuppressWarnings("UnusedVariable") // by STACKS
    private @Nullable IdleStack[] stacks = new IdleStack[0];

    private volatile boolean closed;

    LoopStacks(PoolSpec spec) {
        this.idleMax = spec.idleMax();
        this.loops = spec.loops();
        this.shared = spec.sharing() == Sharing.TAKEOVER;
        this.tickNanos = Math.max(MIN_TICK_NANOS, spec.idleTimeout().toNanos() / TICKS_PER_TIMEOUT);
    }

    @Override
    public @Nullable MovableChannel take(Loop loop) {
        return find(loop, false);
    }

    @Override
    public @Nullable MovableChannel evict(Loop loop) {
        return find(loop, true);
    }

    /**
     * Takes one out.
     *
     * @param evict it will be closed: no reuse, and any loop's
     */
    private @Nullable MovableChannel find(Loop loop, boolean evict) {
        assert loop.inLoop() : "take is for the loop's own thread";
        IdleStack own = stackOf(loop);
        @Nullable IdleStack[] all = stacks();
        int first = own.nextVictim;
        int refusals = 0;
        IdleEntry refused = null;
        MovableChannel found = null;
        for (int i = -1; i < all.length && found == null && refusals < MAX_REFUSALS && idle.get() > 0; i++) {
            // -1 is the loop's own; then the others in turn, from where the last one was found.
            int index = i < 0 ? loop.id() : (first + i) % all.length;
            IdleStack from = i < 0 ? own : all[index];
            if (from == null || (i >= 0 && (from == own || !(shared || evict)))) {
                continue;
            }
            IdleEntry entry;
            while (found == null && refusals < MAX_REFUSALS && (entry = from.pop()) != null) {
                idle.decrementAndGet();
                MovableChannel connection = entry.connection();
                TakeoverResult result = claim(connection, loop, evict);
                if (result == TakeoverResult.TAKEN) {
                    found = connection;
                    own.nextVictim = index;
                } else if (result == TakeoverResult.BUSY) {
                    refusals++;
                    entry.nextRefused = refused;
                    refused = entry;
                }
            }
        }
        while (refused != null) {
            putBack(refused, loop);
            refused = refused.nextRefused;
        }
        return found;
    }

    /** BUSY: it may be tried again. GONE: it is closed or will be, nothing needs to be done. */
    private TakeoverResult claim(MovableChannel connection, Loop loop, boolean evict) {
        if (!connection.isActive()) {
            return TakeoverResult.GONE;
        }
        if (connection.loop() == loop) {
            if (!connection.tryEnter()) {
                return TakeoverResult.BUSY;
            }
            if (stillActive(connection)) {
                if (!evict) {
                    reusesLocal.increment();
                }
                return TakeoverResult.TAKEN;
            }
            return TakeoverResult.GONE;
        }
        TakeoverResult result = connection.takeover(loop);
        if (result != TakeoverResult.TAKEN) {
            takeoversRefused.increment();
            return result;
        }
        if (stillActive(connection)) {
            if (!evict) {
                reusesTakeover.increment();
            }
            return result;
        }
        return TakeoverResult.GONE;
    }

    /** Looks again, under the claim: it may have been closed between the first look and the claim. */
    private static boolean stillActive(MovableChannel connection) {
        if (connection.isActive()) {
            return true;
        }
        connection.leave();
        return false;
    }

    @Override
    public boolean put(Loop loop, MovableChannel connection) {
        return put(loop, connection, 0, 0);
    }

    @Override
    public boolean put(Loop loop, MovableChannel connection, Duration idleFor) {
        long ticks = idleFor.toNanos() / tickNanos;
        return ticks < TICKS_PER_TIMEOUT && put(loop, connection, 0, (int) ticks);
    }

    /** In ticks, to which every age is rounded down; exact as long as its loop is on time. */
    @Override
    public Duration idleFor(MovableChannel connection) {
        IdleEntry entry = connection.attr(ENTRY).get();
        // Another loop's tick, read without order: one too few at worst.
        return entry == null
                ? Duration.ZERO
                : Duration.ofNanos(Math.max(0, entry.stack.tick - entry.since) * tickNanos);
    }

    /**
     * Puts it in.
     *
     * @param ticks how long it has been idle already
     */
    private boolean put(Loop loop, MovableChannel connection, int refusals, int ticks) {
        assert loop.inLoop() : "put is for the thread that left the connection";
        if (closed || !connection.isActive() || !reserve()) {
            return false;
        }
        IdleStack stack = stackOf(loop);
        IdleEntry entry = new IdleEntry(stack, connection, stack.tick - ticks, refusals);
        Attribute<IdleEntry> last = connection.attr(ENTRY);
        IdleEntry before = last.get();
        assert before == null || !before.isIn() : "put twice: " + connection;
        last.set(entry);
        stack.push(entry);
        startTicking(stack);
        // Both may have happened since they were looked at above, and then no other thread would find the entry:
        // remove()
        // may have come before the entry was there, close() may have emptied the stack already.
        return (!closed && connection.isActive()) || !withdraw(entry);
    }

    private void putBack(IdleEntry refused, Loop loop) {
        MovableChannel connection = refused.connection();
        int refusals = refused.refusals + 1;
        if (refusals == MAX_REFUSALS || !put(loop, connection, refusals, 0)) {
            connection.close();
        }
    }

    @Override
    public void remove(MovableChannel connection) {
        IdleEntry entry = connection.attr(ENTRY).get();
        if (entry != null) {
            withdraw(entry);
        }
    }

    @Override
    public void close() {
        closed = true;
        for (IdleStack stack : stacks()) {
            if (stack == null) {
                continue;
            }
            IdleEntry entry;
            while ((entry = stack.pop()) != null) {
                idle.decrementAndGet();
                entry.connection().close();
            }
        }
    }

    @Override
    public PoolFigures figures() {
        return new PoolFigures(idle.get(), reusesLocal.sum(), reusesTakeover.sum(), takeoversRefused.sum());
    }

    /** Entries that are withdrawn and still linked; for tests. */
    int deadEntries() {
        int sum = 0;
        for (IdleStack stack : stacks()) {
            sum += stack == null ? 0 : stack.deadCount();
        }
        return sum;
    }

    /**
     * Takes one of the {@code idleMax} places; exact: full means full. The thread that ends an entry's stay gives it
     * back.
     */
    private boolean reserve() {
        int count = idle.get();
        while (count < idleMax) {
            int seen = idle.compareAndExchange(count, count + 1);
            if (seen == count) {
                return true;
            }
            count = seen;
        }
        return false;
    }

    /** True if the caller is the one that withdrew it. */
    private boolean withdraw(IdleEntry entry) {
        if (entry.withdraw() == null) {
            return false;
        }
        entry.stack.withdrawn(idle.decrementAndGet());
        return true;
    }

    private void startTicking(IdleStack stack) {
        if (!stack.ticking) {
            stack.ticking = true;
            schedule(stack);
        }
    }

    private void schedule(IdleStack stack) {
        try {
            stack.sweeper
                    .eventLoop()
                    .schedule(() -> tick(stack), tickNanos, TimeUnit.NANOSECONDS)
                    .addListener(done -> {
                        if (done.isCancelled()) {
                            inherit(stack);
                        }
                    });
        } catch (RejectedExecutionException ended) {
            LOG.debug("loop {} has ended", stack.sweeper.id(), ended);
            inherit(stack);
        }
    }

    /**
     * The loop that sweeps a stack ends, and cancels its timers: another one takes over, for what is idle there is not
     * gone. By the ending loop's thread, which puts nothing any more.
     */
    private void inherit(IdleStack stack) {
        for (Loop next : loops.all()) {
            if (next != stack.sweeper && !next.eventLoop().isShuttingDown()) {
                Loop before = stack.sweeper;
                stack.sweeper = next;
                try {
                    next.execute(() -> schedule(stack));
                    return;
                } catch (RejectedExecutionException ended) {
                    LOG.debug("loop {} has ended too", next.id(), ended);
                    stack.sweeper = before;
                }
            }
        }
    }

    /**
     * One timer a loop, only while it has idle connections; ages are counted in its ticks, so that a put reads no
     * clock.
     */
    private void tick(IdleStack stack) {
        stack.tick++;
        expire(stack);
        if (stack.isEmpty()) {
            stack.ticking = false;
        } else {
            schedule(stack);
        }
    }

    private void expire(IdleStack stack) {
        // An entry that was put just before the first of these ticks is older than the timeout now.
        int oldest = stack.tick - TICKS_PER_TIMEOUT - 1;
        int[] closes = {0};
        stack.walk(entry -> {
            if (entry.since - oldest > 0 || closes[0] == MAX_CLOSES_PER_SWEEP) {
                return false;
            }
            MovableChannel connection = entry.withdraw();
            if (connection == null) {
                return !entry.isIn();
            }
            closes[0]++;
            stack.withdrawn(idle.decrementAndGet());
            connection.close();
            return true;
        });
        if (closes[0] == MAX_CLOSES_PER_SWEEP) {
            stack.sweeper.execute(() -> expire(stack));
        }
    }

    private IdleStack stackOf(Loop loop) {
        @Nullable IdleStack[] all = stacks();
        int id = loop.id();
        IdleStack stack = id < all.length ? all[id] : null;
        return stack != null ? stack : addStack(loop);
    }

    /** Only a loop adds its own stack, so that it cannot be there already; others may add theirs meanwhile. */
    private IdleStack addStack(Loop loop) {
        IdleStack stack = new IdleStack(loop);
        @Nullable IdleStack[] before;
        @Nullable IdleStack[] after;
        do {
            before = stacks();
            after = Arrays.copyOf(before, Math.max(before.length, loop.id() + 1));
            after[loop.id()] = stack;
        } while (!STACKS.compareAndSet(this, before, after));
        return stack;
    }

    private @Nullable IdleStack[] stacks() {
        return (@Nullable IdleStack[]) STACKS.getAcquire(this);
    }
}
