package dev.baton.plugin.admin.access;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What browsers are let in with: a token that is good for one request within a minute, and the session for which it is
 * exchanged. In memory: they end with the process. Any thread.
 */
public final class Sessions {
    /** Of a session, in seconds. */
    static final long SESSION_SECONDS = TimeUnit.HOURS.toSeconds(8);

    private static final long ONCE_SECONDS = 60;
    /** Of each kind: a further one ends the oldest. */
    private static final int MAX = 64;

    private final LongSupplier clockNanos;
    private final Entries once = new Entries(ONCE_SECONDS);
    private final Entries sessions = new Entries(SESSION_SECONDS);

    /** None yet. */
    public Sessions() {
        this(System::nanoTime);
    }

    Sessions(LongSupplier clockNanos) {
        this.clockNanos = clockNanos;
    }

    private record Entry(Caller caller, long endNanos) {}

    /** Those of one kind. */
    private final class Entries {
        private final long seconds;
        private final Map<Secret, Entry> all = new LinkedHashMap<>();

        Entries(long seconds) {
            this.seconds = seconds;
        }

        synchronized String add(Caller caller) {
            String token = Secret.random();
            if (all.size() >= MAX) {
                all.remove(all.keySet().iterator().next());
            }
            all.put(Secret.of(token), new Entry(caller, clockNanos.getAsLong() + TimeUnit.SECONDS.toNanos(seconds)));
            return token;
        }

        synchronized @Nullable Caller get(String token, boolean remove) {
            Secret secret = Secret.of(token);
            Entry found = remove ? all.remove(secret) : all.get(secret);
            if (found == null || found.endNanos() - clockNanos.getAsLong() > 0) {
                return found == null ? null : found.caller();
            }
            all.remove(secret);
            return null;
        }
    }

    /** A token that lets somebody in once, as who they are. */
    String once(Caller caller) {
        return once.add(caller);
    }

    /** Exchanges such a token for that of a session; null if it is none, or was used, or is too old. */
    @Nullable
    String begin(String token) {
        Caller caller = once.get(token, true);
        return caller == null ? null : sessions.add(caller);
    }

    /** Whose a session is; null if it is none. */
    @Nullable
    Caller caller(String session) {
        return sessions.get(session, false);
    }
}
