package dev.baton.plugin.http;

import java.security.SecureRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * How many requests each client address may still make. Every client has an allowance that fills at the rate and holds
 * a burst at most; what is kept of it is one time, when it will be full again (the generic cell rate algorithm), in one
 * word:
 *
 * <pre>
 * bits 63..40   who: a part of the address's hash, never 0; a word of 0 is free
 * bits 39..0    when the allowance is full, in microseconds, modulo 2^40 (12 days)
 * </pre>
 *
 * <p>The table has a fixed size and no lock: a request is a look at the 8 words of one set and one CAS. A client whose
 * allowance is full needs no word. If all 8 of a set are taken, the one that is nearest to full is forgotten, which
 * gives that client its burst once more: so much can be had by whoever has very many addresses, and no memory. IPv6
 * clients count by their /64, which is what one customer has. Any thread.
 */
final class ClientRates {
    /** Clients whose allowance is not full: 512 KiB. */
    private static final int WORDS = 65_536;
    /** A cache line. */
    private static final int WAYS = 8;
    /** Others have changed the word that often in the same moment: the request goes through uncounted. */
    private static final int MAX_TRIES = 4;

    private static final int TIME_BITS = 40;
    private static final long TIME_MASK = (1L << TIME_BITS) - 1;
    /** In the text of an address, in which Java leaves nothing out. */
    private static final int COLONS_OF_A_64 = 4;

    private final AtomicLongArray words = new AtomicLongArray(WORDS);
    /** Nobody outside can choose addresses that meet in one set. */
    private final long seed = new SecureRandom().nextLong();

    private final long intervalMicros;
    private final long burstMicros;

    ClientRates(double perSecond, int burst) {
        intervalMicros = Math.max(1, Math.round(TimeUnit.SECONDS.toMicros(1) / perSecond));
        burstMicros = intervalMicros * burst;
        assert burstMicros < TIME_MASK / 2 : "more than fits into a word";
    }

    /**
     * Counts a request.
     *
     * @param client the client's address in ASCII, as Java writes it
     * @param nowNanos of a clock that all callers share
     * @return 0 if the request is allowed, else in how many nanoseconds the next one is
     */
    long take(byte[] client, long nowNanos) {
        long hash = hash(client);
        long who = Math.max(1, hash >>> TIME_BITS) << TIME_BITS;
        int set = (int) (hash & (WORDS / WAYS - 1)) * WAYS;
        long now = Math.floorDiv(nowNanos, 1_000L) & TIME_MASK;
        for (int tries = 0; tries < MAX_TRIES; tries++) {
            int place = place(set, who, now);
            long word = words.get(place);
            long missing = (word & ~TIME_MASK) == who ? missing(word, now) : 0;
            long over = missing + intervalMicros - burstMicros;
            if (over > 0) {
                return TimeUnit.MICROSECONDS.toNanos(over);
            }
            if (words.weakCompareAndSetVolatile(place, word, who | ((now + missing + intervalMicros) & TIME_MASK))) {
                return 0;
            }
        }
        return 0;
    }

    /** The client's own word; else the one of the client that misses least. */
    private int place(int set, long who, long now) {
        int place = set;
        long least = Long.MAX_VALUE;
        for (int i = set; i < set + WAYS; i++) {
            long word = words.get(i);
            if ((word & ~TIME_MASK) == who) {
                return i;
            }
            long missing = missing(word, now);
            if (missing < least) {
                least = missing;
                place = i;
            }
        }
        return place;
    }

    /**
     * How long it takes until the allowance is full, in microseconds; a time further away than ever written is long
     * over.
     */
    private long missing(long word, long now) {
        long ahead = (word - now) & TIME_MASK;
        return word != 0 && ahead <= burstMicros ? ahead : 0;
    }

    private long hash(byte[] client) {
        long hash = seed;
        int colons = 0;
        for (byte b : client) {
            if (b == ':' && ++colons == COLONS_OF_A_64) {
                break;
            }
            hash = (hash ^ b) * 0x9E3779B97F4A7C15L;
            hash ^= hash >>> 29;
        }
        hash *= 0xBF58476D1CE4E5B9L;
        return hash ^ (hash >>> 32);
    }
}
