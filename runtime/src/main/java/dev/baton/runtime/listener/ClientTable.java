package dev.baton.runtime.listener;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How many connections each client address has, and how fast it opens more: a table of fixed size, whatever comes.
 *
 * <p>A client is an IPv4 address, or the first 64 bits of an IPv6 address: no network gets less, and one host has all
 * of it. An address that is not of the internet has no limit.
 *
 * <p>A slot is {@code client:40 | connections:24}, one word, changed by CAS only, and the time at which its bucket
 * would be full again, as with {@link AcceptRate}. A client is a hash of its address with a secret of this table: that
 * two who meet have the same is as good as impossible, and a client cannot choose an address for it.
 *
 * <pre>
 * operation   guard                                     effect
 * claim       FREE, or no connections and a full        client, connections 1
 *             bucket: it has nothing to remember
 * enter       same client, connections &lt; max           connections + 1
 * leave       holds one                                 connections - 1
 * </pre>
 *
 * <p>A client is looked for in {@value #PROBES} slots. Where all of them have others to remember it is let in and not
 * counted: a crowd of that many clients is for {@code max-connections}, not for a limit of each. Two loops may claim
 * two slots for one client that comes to both at the same moment; it then has twice the limit until both are empty.
 *
 * <p>Threading: any thread; nothing here waits.
 */
final class ClientTable {
    /** Admitted, and not counted. */
    static final int UNCOUNTED = -1;
    /** Refused: it has as many connections as it may. */
    static final int TOO_MANY = -2;
    /** Refused: it opens them faster than it may. */
    static final int TOO_FAST = -3;

    /** Slots of 16 bytes: 1 MiB, for a listener with such a limit only. A power of two. */
    static final int SLOTS = 1 << 16;

    private static final int PROBES = 16;
    /** What a client may open at once, if its rate is not higher than that a second: a browser opens six. */
    private static final int BURST_MIN = 10;

    private static final int COUNT_BITS = 24;
    private static final long COUNT = (1L << COUNT_BITS) - 1;
    private static final long FREE = 0;

    private final AtomicLongArray words = new AtomicLongArray(SLOTS);
    private final AtomicLongArray full;
    private final int max;
    private final long tokenNanos;
    private final long reserveNanos;
    private final LongSupplier clock;
    private final long epoch;
    private final long secret = ThreadLocalRandom.current().nextLong();

    /**
     * No client is there.
     *
     * @param max how many connections a client may have, at least 1; {@link Integer#MAX_VALUE} for no limit
     * @param perSecond how many it may open a second on the average; infinity for no limit
     * @param clock {@link System#nanoTime} or a test's
     */
    ClientTable(int max, double perSecond, LongSupplier clock) {
        assert max >= 1 && perSecond > 0 : max + ", " + perSecond;
        this.max = (int) Math.min(max, COUNT);
        this.clock = clock;
        this.epoch = clock.getAsLong() - 1;
        boolean limited = !Double.isInfinite(perSecond);
        this.tokenNanos = limited ? Math.max(1, Math.round(TimeUnit.SECONDS.toNanos(1) / perSecond)) : 0;
        this.reserveNanos = ((long) Math.max(perSecond, BURST_MIN) - 1) * tokenNanos;
        this.full = new AtomicLongArray(limited ? SLOTS : 1);
    }

    /**
     * A client has come.
     *
     * @return a slot, for {@link #leave}; or {@link #UNCOUNTED}; or why it is refused, {@link #TOO_MANY} or
     *     {@link #TOO_FAST}
     */
    int enter(@Nullable SocketAddress address) {
        return enter(address, max, true);
    }

    /** The same for one that is not refused: neither its number nor its pace is looked at. */
    int enterAnyway(@Nullable SocketAddress address) {
        return enter(address, (int) COUNT, false);
    }

    private int enter(@Nullable SocketAddress address, int most, boolean atItsPace) {
        if (!(address instanceof InetSocketAddress inet) || inet.getAddress() == null) {
            return UNCOUNTED;
        }
        long hash = mix(key(inet.getAddress()) ^ secret);
        long client = hash & ~COUNT;
        if (client == FREE) {
            client = 1L << COUNT_BITS;
        }
        int first = (int) hash & (SLOTS - 1);
        while (true) {
            int slot = find(client, first);
            if (slot < 0) {
                return UNCOUNTED;
            }
            long seen = words.get(slot);
            boolean mine = (seen & ~COUNT) == client;
            if (mine && (seen & COUNT) >= most) {
                return TOO_MANY;
            }
            if (!mine && !isForgotten(slot, seen)) {
                continue; // somebody else was faster
            }
            if (words.compareAndSet(slot, seen, mine ? seen + 1 : client + 1)) {
                if (atItsPace && !takeToken(slot)) {
                    words.getAndDecrement(slot);
                    return TOO_FAST;
                }
                return slot;
            }
        }
    }

    /** Its slot, or one that it can have; negative if there is none. */
    private int find(long client, int first) {
        int free = -1;
        for (int i = 0; i < PROBES; i++) {
            int slot = (first + i) & (SLOTS - 1);
            long seen = words.get(slot);
            if ((seen & ~COUNT) == client) {
                return slot;
            }
            if (free < 0 && isForgotten(slot, seen)) {
                free = slot;
            }
        }
        return free;
    }

    private boolean isForgotten(int slot, long seen) {
        return (seen & COUNT) == 0 && (seen == FREE || tokenNanos == 0 || full.get(slot) <= now());
    }

    private boolean takeToken(int slot) {
        if (tokenNanos == 0) {
            return true;
        }
        while (true) {
            long now = now();
            long seen = full.get(slot);
            if (seen - now > reserveNanos) {
                return false;
            }
            if (full.compareAndSet(slot, seen, Math.max(seen, now) + tokenNanos)) {
                return true;
            }
        }
    }

    /** A connection has ended that {@link #enter} gave a slot for, or {@link #UNCOUNTED}. */
    void leave(int slot) {
        if (slot >= 0) {
            long before = words.getAndDecrement(slot);
            assert (before & COUNT) > 0 : "left twice";
        }
    }

    /** Clients that have connections now. Looks at every slot. */
    int clients() {
        int clients = 0;
        for (int slot = 0; slot < SLOTS; slot++) {
            clients += (words.get(slot) & COUNT) > 0 ? 1 : 0;
        }
        return clients;
    }

    /** From 1 on. */
    private long now() {
        return clock.getAsLong() - epoch;
    }

    private static long key(InetAddress address) {
        byte[] bytes = address.getAddress();
        if (address instanceof Inet4Address) {
            return number(bytes, 0, 4);
        }
        assert address instanceof Inet6Address : address;
        // An IPv4 address in the clothes of IPv6 is an IPv4 address, on a socket that takes both.
        boolean mapped = number(bytes, 0, 8) == 0 && number(bytes, 8, 4) == 0xFFFF;
        return mapped ? number(bytes, 12, 4) : ~number(bytes, 0, 8);
    }

    private static long number(byte[] bytes, int from, int length) {
        long number = 0;
        for (int i = from; i < from + length; i++) {
            number = (number << 8) | (bytes[i] & 0xFF);
        }
        return number;
    }

    /**
     * What Stafford calls Mix13: each bit of the one changes half the bits of the other, and no two numbers have the
     * same.
     */
    private static long mix(long number) {
        long mixed = (number ^ (number >>> 30)) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
        return mixed ^ (mixed >>> 31);
    }
}
