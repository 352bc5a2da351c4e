package dev.baton.runtime.upstream;

import dev.baton.spi.pool.IdlePool;
import dev.baton.spi.pool.PoolFigures;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The idle connections of one profile to one server: a pool for each of its addresses, as if they were servers. Any
 * thread.
 *
 * <p>They follow the addresses without a lock: each use compares what they were made for with the addresses of now, and
 * replaces them where that differs. The pool of an address that is gone is closed by the thread that replaced it: what
 * is idle is closed, and what is in use is closed when it comes back, whichever is first, as {@link IdlePool#close}
 * promises. That nothing goes backwards needs the order in {@link #now}: first what is there, then the addresses.
 *
 * <p>A server that an operator drains has no addresses here, and may have the same ones again later. So after a
 * replacement the addresses are read once more: without that, A finds none and reads the addresses, the server is
 * drained and B finds that there is nothing to close, then A publishes new pools, which stay open.
 * {@code EndpointPoolsTest.shouldKeepNothingOpenOfAServerThatIsDrainedWhileItsPoolsAreMade} plays this.
 */
final class EndpointPools {

    /** The pool of one address. */
    record EndpointPool(Endpoint endpoint, IdlePool idle) {}

    /**
     * What there is at one time.
     *
     * @param of what it was made for
     * @param current where connections are taken from
     * @param held those of addresses that were missing in the last answer
     * @param closed those that were closed last: their figures may still move
     * @param past the figures of all that were closed before
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared, and read at every take
    private record Slots(
            Endpoints of, EndpointPool[] current, EndpointPool[] held, EndpointPool[] closed, PoolFigures past) {}

    private static final EndpointPool[] NO_POOLS = {};

    private final Supplier<Endpoints> endpoints;
    private final Supplier<IdlePool> opener;
    private final AtomicReference<Slots> slots =
            new AtomicReference<>(new Slots(Endpoints.NONE, NO_POOLS, NO_POOLS, NO_POOLS, new PoolFigures(0, 0, 0, 0)));
    private final AtomicInteger turn = new AtomicInteger();
    private volatile boolean closed;

    /**
     * Without connections.
     *
     * @param endpoints where connections may rest now; the same object as long as that is the same
     * @param opener makes a pool
     */
    EndpointPools(Supplier<Endpoints> endpoints, Supplier<IdlePool> opener) {
        this.endpoints = endpoints;
        this.opener = opener;
    }

    private Slots seen() {
        return Objects.requireNonNull(slots.get());
    }

    // ---- finding one ------------------------------------------------------------------------------------------------

    /** The pool whose turn it is, of an address that can be connected to; null if no address is known. */
    @Nullable
    IdlePool next() {
        EndpointPool[] all = now().current;
        if (all.length < 2) {
            return all.length == 0 ? null : all[0].idle;
        }
        int first = Math.floorMod(turn.getAndIncrement(), all.length);
        for (int i = 0; i < all.length; i++) {
            EndpointPool each = all[(first + i) % all.length];
            if (!each.endpoint.isLeftOut()) {
                return each.idle;
            }
        }
        return all[first].idle;
    }

    /** All that are open: first those of addresses that may be gone. */
    List<IdlePool> all() {
        Slots now = now();
        List<IdlePool> all = new ArrayList<>();
        for (EndpointPool each : now.held) {
            all.add(each.idle);
        }
        for (EndpointPool each : now.current) {
            all.add(each.idle);
        }
        return all;
    }

    /** The pool of one of the addresses; null if it is gone. */
    @Nullable
    IdlePool of(Endpoint endpoint) {
        EndpointPool pool = find(now(), endpoint);
        return pool == null ? null : pool.idle;
    }

    /** The pool of an address; null if the server is not there. */
    @Nullable
    IdlePool at(SocketAddress address) {
        Endpoint endpoint = now().of.at(address);
        return endpoint == null ? null : of(endpoint);
    }

    /** Whether connections may rest in a pool: the server still has its address. */
    boolean isOpen(IdlePool pool) {
        Slots now = now();
        return !closed && (holds(now.current, pool) || holds(now.held, pool));
    }

    @SuppressWarnings("ReferenceEquality") // a pool is what it is
    private static boolean holds(EndpointPool[] pools, IdlePool pool) {
        for (EndpointPool each : pools) {
            if (each.idle == pool) {
                return true;
            }
        }
        return false;
    }

    // ---- following the addresses ------------------------------------------------------------------------------------

    /** Closes the pools of addresses that are gone. */
    void follow() {
        now();
    }

    @SuppressWarnings("ReferenceEquality") // a changed one is another object; to compare values would cost every take
    private Slots now() {
        while (true) {
            Slots before = seen();
            Endpoints wanted = endpoints.get();
            if (before.of == wanted) {
                return before;
            }
            Slots after = replace(before, wanted);
            if (slots.compareAndSet(before, after)) {
                close(after.closed);
                if (closed) { // it may have looked at what was before
                    close(after.current);
                    close(after.held);
                }
                continue; // they may have changed meanwhile: see the class comment
            }
            closeNew(before, after.current);
            closeNew(before, after.held);
        }
    }

    private Slots replace(Slots before, Endpoints wanted) {
        List<EndpointPool> gone = new ArrayList<>();
        for (EndpointPool[] pools : List.of(before.current, before.held)) {
            for (EndpointPool each : pools) {
                if (!wanted.current().contains(each.endpoint) && !wanted.held().contains(each.endpoint)) {
                    gone.add(each);
                }
            }
        }
        // By now no thread takes from those that were closed last time.
        PoolFigures past = gone.isEmpty() ? before.past : sum(before.past, before.closed);
        return new Slots(
                wanted,
                pools(before, wanted.current()),
                pools(before, wanted.held()),
                gone.isEmpty() ? before.closed : gone.toArray(NO_POOLS),
                past);
    }

    /**
     * Closes the pools that there are and makes new ones: what is idle is closed, and what is in use when it comes
     * back. For when connections of before are not to be used any longer.
     */
    void renew() {
        while (true) {
            Slots before = seen();
            EndpointPool[] gone = Stream.concat(Arrays.stream(before.current), Arrays.stream(before.held))
                    .toArray(EndpointPool[]::new);
            if (gone.length == 0) {
                return; // what is made now is new
            }
            Slots after = new Slots(
                    before.of, fresh(before.current), fresh(before.held), gone, sum(before.past, before.closed));
            if (slots.compareAndSet(before, after)) {
                close(gone);
                if (closed) { // it may have looked at what was before
                    close(after.current);
                    close(after.held);
                }
                return;
            }
            close(after.current);
            close(after.held);
        }
    }

    /** Keeps nothing but the figures of the pools that were closed: no thread takes from them any longer. */
    void forgetClosed() {
        slots.updateAndGet(now -> {
            Slots seen = Objects.requireNonNull(now);
            return new Slots(seen.of, seen.current, seen.held, NO_POOLS, sum(seen.past, seen.closed));
        });
    }

    private EndpointPool[] fresh(EndpointPool[] old) {
        return Arrays.stream(old)
                .map(each -> new EndpointPool(each.endpoint, opener.get()))
                .toArray(EndpointPool[]::new);
    }

    private EndpointPool[] pools(Slots before, List<Endpoint> endpoints) {
        EndpointPool[] pools = new EndpointPool[endpoints.size()];
        for (int i = 0; i < pools.length; i++) {
            EndpointPool there = find(before, endpoints.get(i));
            pools[i] = there == null ? new EndpointPool(endpoints.get(i), opener.get()) : there;
        }
        return pools;
    }

    private static @Nullable EndpointPool find(Slots in, Endpoint endpoint) {
        for (EndpointPool each : in.current) {
            if (each.endpoint == endpoint) {
                return each;
            }
        }
        for (EndpointPool each : in.held) {
            if (each.endpoint == endpoint) {
                return each;
            }
        }
        return null;
    }

    @SuppressWarnings("ReferenceEquality") // a pool is what it is
    private static void closeNew(Slots before, EndpointPool[] made) {
        for (EndpointPool each : made) {
            if (find(before, each.endpoint) != each) {
                each.idle.close();
            }
        }
    }

    private static void close(EndpointPool[] pools) {
        for (EndpointPool each : pools) {
            each.idle.close();
        }
    }

    /** Closes what is idle; what is in use is closed when it comes back. */
    void close() {
        closed = true;
        Slots now = seen();
        close(now.current);
        close(now.held);
    }

    // ---- figures ----------------------------------------------------------------------------------------------------

    PoolFigures figures() {
        Slots now = seen();
        return sum(sum(sum(now.past, now.closed), now.held), now.current);
    }

    private static PoolFigures sum(PoolFigures before, EndpointPool[] pools) {
        PoolFigures sum = before;
        for (EndpointPool each : pools) {
            PoolFigures one = each.idle.figures();
            sum = new PoolFigures(
                    sum.idle() + one.idle(),
                    sum.reusesLocal() + one.reusesLocal(),
                    sum.reusesTakeover() + one.reusesTakeover(),
                    sum.takeoversRefused() + one.takeoversRefused());
        }
        return sum;
    }
}
