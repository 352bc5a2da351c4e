package dev.baton.runtime.upstream;

import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.PosixException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Leaves one server out for a while after a connect to it has failed, so that not every request in its turn waits for
 * the connect-timeout again. The time doubles with each failure; when it is over, one request tries the server, and the
 * others leave it out until that is decided.
 *
 * <pre>
 *   state      event                                                 then
 *   in use     a connect fails                                       left out, for the first delay
 *   left out   somebody asks when the time is over                   left out for as long again, and the one that asked may try
 *   left out   a connect fails that began when the time was over     left out, for twice as long, at most the longest delay
 *   left out   a connect fails that began earlier                    nothing: many fail at once, for one reason
 *   left out   a connect succeeds                                    in use
 * </pre>
 *
 * <p>Threading: any thread. Times are those of the loops' clock, in nanoseconds.
 */
final class Backoff {
    static final long FIRST_DELAY_NANOS = TimeUnit.SECONDS.toNanos(1);
    static final long LONGEST_DELAY_NANOS = TimeUnit.SECONDS.toNanos(30);

    /** Null: in use. */
    private final AtomicReference<@Nullable LeftOut> state = new AtomicReference<>();

    /**
     * The server is left out.
     *
     * @param delayNanos how long each time
     * @param failedNanos when it last failed
     * @param untilNanos when it may be tried
     */
    private record LeftOut(long delayNanos, long failedNanos, long untilNanos) {}

    boolean isLeftOut() {
        return state.get() != null;
    }

    /** Whether the server may be asked now; of a server that is left out, by one caller each time. */
    boolean admits(long nowNanos) {
        LeftOut now = state.get();
        return now == null
                || (nowNanos - now.untilNanos >= 0
                        && state.compareAndSet(
                                now, new LeftOut(now.delayNanos, now.failedNanos, nowNanos + now.delayNanos)));
    }

    /** Which of two failed longer ago: negative if this one; one that did not fail did so first of all. */
    int compareLastFailure(Backoff other) {
        LeftOut mine = state.get();
        LeftOut theirs = other.state.get();
        if (mine == null || theirs == null) {
            return Boolean.compare(mine != null, theirs != null);
        }
        return Long.signum(mine.failedNanos - theirs.failedNanos);
    }

    /**
     * A connect has failed.
     *
     * @param startedNanos when it began
     * @return true if the server was in use until now
     */
    boolean failed(long startedNanos, long nowNanos) {
        LeftOut before = state.get();
        if (before != null && startedNanos - before.failedNanos < before.delayNanos) {
            return false;
        }
        long delay = before == null ? FIRST_DELAY_NANOS : Math.min(2 * before.delayNanos, LONGEST_DELAY_NANOS);
        // Refused if another connect has ended in this moment: that one decides.
        return state.compareAndSet(before, new LeftOut(delay, nowNanos, nowNanos + delay)) && before == null;
    }

    /**
     * A connect has succeeded.
     *
     * @return true if the server was left out until now
     */
    boolean connected() {
        return state.get() != null && state.getAndSet(null) != null;
    }

    /**
     * Whether a connect failed because of the server or the way to it, and not because this process lacks something.
     */
    static boolean isTheServers(Throwable cause) {
        if (cause instanceof PosixException posix) {
            int errno = posix.errno();
            return errno == Errno.ECONNRESET || errno == Errno.EHOSTDOWN || errno == Errno.ENETDOWN;
        }
        // A connect-timeout is a ConnectException too.
        return cause instanceof ConnectException
                || cause instanceof NoRouteToHostException
                || cause instanceof UnknownHostException;
    }
}
