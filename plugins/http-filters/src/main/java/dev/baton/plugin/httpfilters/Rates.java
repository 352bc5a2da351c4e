package dev.baton.plugin.httpfilters;

import dev.baton.spi.config.Rate;
import dev.baton.spi.threading.AnyThread;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * How many requests each key may still make, exactly and for all loops together. A key has an allowance that fills at
 * the rate and holds a burst at most. All that is kept of it is the time at which it will be full again (the generic
 * cell rate algorithm), in one word that is changed by compare-and-set: no lock, and no request is lost or counted
 * twice.
 *
 * <p>A key whose allowance is full again is forgotten by a sweep, of a few entries with each new key. If there are more
 * keys than fit, new ones share one word: they get one allowance between them, and never more than they should.
 */
final class Rates {
    /** Entries that a new key has looked at. Two a key would do, since one is added. */
    private static final int SWEPT = 4;
    /** A word that is no longer in the map: what is counted there would be lost. */
    private static final long GONE = -1;

    private final ConcurrentHashMap<String, AtomicLong> words = new ConcurrentHashMap<>();
    private final AtomicLong others = new AtomicLong();
    private final int keysMax;
    private final long intervalNanos;
    private final long burstNanos;
    /** Where the sweep is; the thread that has taken it out sweeps. */
    private final AtomicReference<Iterator<Map.Entry<String, AtomicLong>>> sweep = new AtomicReference<>();

    /**
     * Full allowances.
     *
     * @param burst how many requests may come at once, from 1 on
     * @param keysMax how many keys are known at a time
     */
    Rates(Rate rate, int burst, int keysMax) {
        this.keysMax = keysMax;
        intervalNanos = Math.max(1, Math.round(TimeUnit.SECONDS.toNanos(1) / rate.perSecond()));
        burstNanos = Math.multiplyExact(intervalNanos, burst);
        sweep.set(words.entrySet().iterator());
    }

    /**
     * Counts a request.
     *
     * @param nowNanos of a clock that all callers share; only forwards, from 0 on
     * @return 0 if it is allowed; else after how many nanoseconds the next one will be
     */
    @AnyThread
    long take(String key, long nowNanos) {
        AtomicLong word = words.get(key);
        if (word == null) {
            sweep(nowNanos);
            word = words.size() < keysMax ? words.computeIfAbsent(key, each -> new AtomicLong()) : others;
        }
        while (true) {
            long full = word.get();
            if (full == GONE) { // swept a moment ago
                words.remove(key, word);
                word = words.computeIfAbsent(key, each -> new AtomicLong());
                continue;
            }
            long next = Math.max(full, nowNanos) + intervalNanos;
            long early = next - burstNanos - nowNanos;
            if (early > 0) {
                return early;
            }
            if (word.compareAndSet(full, next)) {
                return 0;
            }
        }
    }

    private void sweep(long nowNanos) {
        Iterator<Map.Entry<String, AtomicLong>> at = sweep.getAndSet(null);
        if (at == null) {
            return; // another thread is at it
        }
        for (int i = 0; i < SWEPT && at.hasNext(); i++) {
            Map.Entry<String, AtomicLong> entry = at.next();
            AtomicLong word = entry.getValue();
            long full = word.get();
            if (full <= nowNanos && word.compareAndSet(full, GONE)) {
                words.remove(entry.getKey(), word); // unless the key has a new word already
            }
        }
        sweep.set(at.hasNext() ? at : words.entrySet().iterator());
    }

    /** How many keys are known. */
    int size() {
        return words.size();
    }
}
