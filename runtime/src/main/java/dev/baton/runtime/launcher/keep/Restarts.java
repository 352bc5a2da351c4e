package dev.baton.runtime.launcher.keep;

/**
 * Whether a server that has ended is started again, and how soon. Each failure doubles the pause, and one that has
 * served for a while begins anew.
 *
 * <pre>
 * the server                                         what follows
 * was told to stop, or says that it stops            the end
 * exit code 0, 2 (wrong usage), 64 to 78             the end: it would be the same again
 * has not served once since this process began       the end: whoever started it sees why
 * anything else                                      a new one, at once, then after 1 s, 2 s, 4 s ... 30 s
 * </pre>
 */
final class Restarts {
    static final long PAUSE_MILLIS_MAX = 30_000;
    /** A server that has served for so long is well. */
    static final long WELL_NANOS = 10_000_000_000L;

    /** The end, instead of a pause. */
    static final long NEVER = -1;

    private static final long FIRST_PAUSE_MILLIS = 1000;
    private static final int USAGE = 2;
    /** Those of sysexits.h: what is wrong is not the process. */
    private static final int SYSEXITS_FIRST = 64;

    private static final int SYSEXITS_LAST = 78;

    private boolean everServed;
    private boolean serves;
    private long servesSince;
    private boolean stopping;
    private long nextPause;

    /** A server serves, or still does. */
    void ready(long now) {
        if (!serves) {
            servesSince = now;
        }
        serves = true;
        everServed = true;
    }

    /** It was told to stop, or says that it does. */
    void stopping() {
        stopping = true;
    }

    boolean isStopping() {
        return stopping;
    }

    /** How long to wait before the next one, in milliseconds, or {@link #NEVER}. */
    long after(int code, long now) {
        boolean well = serves && now - servesSince >= WELL_NANOS;
        serves = false;
        boolean same = code == 0 || code == USAGE || (code >= SYSEXITS_FIRST && code <= SYSEXITS_LAST);
        if (stopping || same || !everServed) {
            return NEVER;
        }
        long pause = well ? 0 : nextPause;
        nextPause = pause == 0 ? FIRST_PAUSE_MILLIS : Math.min(2 * pause, PAUSE_MILLIS_MAX);
        return pause;
    }
}
