package dev.baton.plugin.admin.access;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What browsers are let in with: a token that is good for one request within a minute, and the session for which it is
 * exchanged. In memory: they end with the process. Any thread.
 *
 * <p>Either keeps the token of the file by which it was asked for, and is good for as long as the file has that one.
 */
final class Sessions {
    /** From the moment that somebody shows a token of the file. */
    static final long SESSION_SECONDS = TimeUnit.HOURS.toSeconds(8);

    private static final long ONCE_SECONDS = 60;
    /** Of each kind, for each name in the file: a further one ends the oldest of that name. */
    static final int MAX = 16;

    private final LongSupplier clockNanos;
    private final Entries once = new Entries();
    private final Entries sessions = new Entries();

    /** None yet. */
    Sessions() {
        this(System::nanoTime);
    }

    Sessions(LongSupplier clockNanos) {
        this.clockNanos = clockNanos;
    }

    /**
     * By what somebody may begin a session, or has begun it.
     *
     * @param token of the file
     * @param name of that token
     * @param endNanos when the session ends
     */
    record Grant(Secret token, String name, long endNanos) {}

    private record Entry(Grant grant, long endNanos) {}

    /** Those of one kind. */
    private final class Entries {
        private final Map<Secret, Entry> all = new LinkedHashMap<>();

        synchronized String add(Grant grant, long endNanos) {
            makePlace(grant.name());
            String token = Secret.random();
            all.put(Secret.of(token), new Entry(grant, endNanos));
            return token;
        }

        /** Nobody can end the sessions of others by beginning many. */
        private void makePlace(String name) {
            all.values().removeIf(this::isOver);
            long own = all.values().stream()
                    .filter(each -> each.grant().name().equals(name))
                    .count();
            Iterator<Entry> oldestFirst = all.values().iterator();
            while (own >= MAX && oldestFirst.hasNext()) {
                if (oldestFirst.next().grant().name().equals(name)) {
                    oldestFirst.remove();
                    own--;
                }
            }
        }

        synchronized @Nullable Grant get(Secret secret, boolean remove) {
            Entry found = remove ? all.remove(secret) : all.get(secret);
            return found == null || isOver(found) ? null : found.grant();
        }

        private boolean isOver(Entry entry) {
            return entry.endNanos() - clockNanos.getAsLong() <= 0;
        }
    }

    /** For who shows a token of the file now. */
    Grant grant(Secret token, String name) {
        return new Grant(token, name, clockNanos.getAsLong() + TimeUnit.SECONDS.toNanos(SESSION_SECONDS));
    }

    /** A token that lets somebody in once. The session ends when that by which it was asked for would. */
    String once(Grant grant) {
        return once.add(grant, clockNanos.getAsLong() + TimeUnit.SECONDS.toNanos(ONCE_SECONDS));
    }

    /** What such a token stands for, which is good no more; null if it is none, or was used, or is too old. */
    @Nullable
    Grant redeem(String token) {
        return once.get(Secret.of(token), true);
    }

    /** Begins a session; its secret. */
    String begin(Grant grant) {
        return sessions.add(grant, grant.endNanos());
    }

    /** What a session has begun by; null if it is none, or is over. */
    @Nullable
    Grant of(Secret session) {
        return sessions.get(session, false);
    }

    /** Until it ends. */
    long seconds(Grant grant) {
        return Math.max(0, TimeUnit.NANOSECONDS.toSeconds(grant.endNanos() - clockNanos.getAsLong()));
    }
}
