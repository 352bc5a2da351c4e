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
 * Leaves one server, or one address, out for a while after it has failed, so that not every request in its turn fails
 * there or waits for a timeout. The time doubles with each failure; when it is over, one request tries the server, and
 * the others leave it out until that is decided.
 *
 * <p>A connect that fails is enough: nothing was sent. Of requests that were sent, several in a row must fail, because
 * one may fail for reasons of its own; requests without an answer and those with an error answer are counted apart. A
 * server that was ejected is back in use after an answer only: one that hangs can still be connected to.
 *
 * <pre>
 *   state      event                                                 then
 *   in use     a connect fails                                       left out, for the first delay
 *   in use     so many requests in a row had no answer               left out, for the first delay
 *   in use     so many requests in a row had an error answer         left out, for the first delay
 *   in use     an answer that is no error                            both counts begin anew
 *   left out   a request asks when the time is over                  tried: it is the one that may ask
 *   tried      a request asks when there was no word for long        tried, by that one
 *   left out   a failure that began when the time was over           left out, for twice as long, at most the longest delay
 *   left out   a failure that began earlier                          nothing: many fail at once, for one reason
 *   tried      a failure that began after the last one               left out, for twice as long, at most the longest delay
 *   left out   a connect succeeds, after a connect had failed        in use
 *   or tried   an answer to a request that began after the failure   in use
 * </pre>
 *
 * <p>A request that is not safe to send again tries an ejected server only if no safe request has come for as long
 * again.
 *
 * <p>Threading: any thread. Times are those of the loops' clock, in nanoseconds.
 */
final class Backoff {
    static final long FIRST_DELAY_NANOS = TimeUnit.SECONDS.toNanos(1);
    static final long LONGEST_DELAY_NANOS = TimeUnit.SECONDS.toNanos(30);

    /** How long one request may try a server: its client may give up, and then its outcome is never reported. */
    static final long TRY_NANOS = TimeUnit.SECONDS.toNanos(30);

    /** What is wrong with a server that is left out. */
    enum Cause {
        CONNECT,
        NO_ANSWER,
        ERRORS
    }

    /**
     * Of a server that is left out.
     *
     * @param cause what is wrong with it
     * @param sinceNanos when it was left out first
     */
    record LeftOut(Cause cause, long sinceNanos) {}

    /**
     * When a server is ejected: left out because of its answers.
     *
     * @param failures requests in a row without an answer; {@link #NEVER} if they do not matter
     * @param errors error answers in a row; {@link #NEVER} if they do not matter
     * @param firstNanos for how long the first time
     */
    record Limits(int failures, int errors, long firstNanos) {
        static final int NEVER = Integer.MAX_VALUE;
        /** Where only connects count. */
        static final Limits CONNECTS = new Limits(NEVER, NEVER, FIRST_DELAY_NANOS);

        boolean countAnswers() {
            return failures != NEVER || errors != NEVER;
        }

        private long longestNanos(Cause cause) {
            return cause == Cause.CONNECT ? LONGEST_DELAY_NANOS : Math.max(firstNanos, LONGEST_DELAY_NANOS);
        }
    }

    private final Limits limits;
    /** How long a connect may try the server; 0: as long as the server was left out before. */
    private final long connectNanos;
    /** Null: in use, and nothing is counted. */
    private final AtomicReference<@Nullable State> state = new AtomicReference<>();

    /**
     * A server that has failed lately: left out, or in use with failures counted.
     *
     * @param failures requests in a row without an answer
     * @param errors error answers in a row
     * @param cause null: in use
     * @param delayNanos how long each time
     * @param sinceNanos when it was left out first
     * @param failedNanos when it last failed
     * @param untilNanos when it may be tried
     * @param tried one request tries it
     */
    private record State(
            int failures,
            int errors,
            @Nullable Cause cause,
            long delayNanos,
            long sinceNanos,
            long failedNanos,
            long untilNanos,
            boolean tried) {

        State tried(long until) {
            return new State(failures, errors, cause, delayNanos, sinceNanos, failedNanos, until, true);
        }
    }

    /** For addresses: only connects count. */
    Backoff() {
        this(Limits.CONNECTS, 0);
    }

    /**
     * In use.
     *
     * @param connectNanos how long a connect may take
     */
    Backoff(Limits limits, long connectNanos) {
        this.limits = limits;
        this.connectNanos = connectNanos;
    }

    boolean isLeftOut() {
        return out() != null;
    }

    /** Whether it is in use and nothing is counted: one read, for every answer. */
    boolean isClean() {
        return state.get() == null;
    }

    /** For how long it is left out, each time; 0 if it is in use. */
    long delayNanos() {
        State now = out();
        return now == null ? 0 : now.delayNanos;
    }

    /** {@link #admits(long, boolean)} of something that loses nothing if it fails. */
    boolean admits(long nowNanos) {
        return admits(nowNanos, true);
    }

    /**
     * Whether the server may be asked now; of a server that is left out, by one caller each time.
     *
     * @param safe whether the request can be sent to another server if this one fails
     */
    boolean admits(long nowNanos, boolean safe) {
        State now = state.get();
        if (now == null || now.cause == null) {
            return true;
        }
        boolean waits = !safe && now.cause != Cause.CONNECT && !now.tried;
        if (nowNanos - now.untilNanos < (waits ? now.delayNanos : 0)) {
            return false;
        }
        long lease = Math.max(now.delayNanos, now.cause == Cause.CONNECT ? connectNanos : TRY_NANOS);
        return state.compareAndSet(now, now.tried(nowNanos + lease));
    }

    /** Which of two failed longer ago: negative if this one. One that did not fail comes first. */
    int compareLastFailure(Backoff other) {
        State mine = out();
        State theirs = other.out();
        if (mine == null || theirs == null) {
            return Boolean.compare(mine != null, theirs != null);
        }
        return Long.signum(mine.failedNanos - theirs.failedNanos);
    }

    /** Why it is left out, and since when; null: it is in use. */
    @Nullable
    LeftOut leftOut() {
        State now = out();
        return now == null || now.cause == null ? null : new LeftOut(now.cause, now.sinceNanos);
    }

    /** Null: it is in use. */
    private @Nullable State out() {
        State now = state.get();
        return now == null || now.cause == null ? null : now;
    }

    // ---- what has become of it --------------------------------------------------------------------------------------

    /**
     * A connect has failed.
     *
     * @param startedNanos when it began
     * @return true if the server was in use until now
     */
    boolean failed(long startedNanos, long nowNanos) {
        State before = state.get();
        State after = after(before, Cause.CONNECT, startedNanos, nowNanos);
        // Refused if another one ends at the same time: that one decides.
        return after != null && state.compareAndSet(before, after) && isInUse(before);
    }

    /**
     * A request had no answer.
     *
     * @param startedNanos when it was sent
     * @return true if the server was in use until now
     */
    boolean unanswered(long startedNanos, long nowNanos) {
        return count(Cause.NO_ANSWER, startedNanos, nowNanos);
    }

    /** A request had an error answer; the rest as {@link #unanswered}. */
    boolean error(long startedNanos, long nowNanos) {
        return count(Cause.ERRORS, startedNanos, nowNanos);
    }

    private boolean count(Cause cause, long startedNanos, long nowNanos) {
        if (!limits.countAnswers()) {
            return false;
        }
        while (true) { // each of several at once counts
            State before = state.get();
            State after = after(before, cause, startedNanos, nowNanos);
            if (after == null) {
                return false;
            }
            if (state.compareAndSet(before, after)) {
                return isInUse(before) && after.cause != null;
            }
        }
    }

    private static boolean isInUse(@Nullable State state) {
        return state == null || state.cause == null;
    }

    /** The state after a failure; null if it changes nothing. */
    private @Nullable State after(@Nullable State before, Cause cause, long startedNanos, long nowNanos) {
        if (before != null && before.cause != null) {
            long since = startedNanos - before.failedNanos;
            if (before.tried ? since <= 0 : since < before.delayNanos) {
                return null;
            }
            long delay = Math.min(2 * before.delayNanos, limits.longestNanos(cause));
            return leftOut(before, cause, Math.max(delay, before.delayNanos), nowNanos);
        }
        State counted = counted(before, cause);
        return switch (cause) {
            case CONNECT -> leftOut(counted, cause, FIRST_DELAY_NANOS, nowNanos);
            case NO_ANSWER ->
                counted.failures >= limits.failures ? leftOut(counted, cause, limits.firstNanos, nowNanos) : counted;
            case ERRORS ->
                counted.errors >= limits.errors ? leftOut(counted, cause, limits.firstNanos, nowNanos) : counted;
        };
    }

    private static State counted(@Nullable State before, Cause cause) {
        int failures = before == null ? 0 : before.failures;
        int errors = before == null ? 0 : before.errors;
        return switch (cause) {
            case CONNECT -> new State(failures, errors, null, 0, 0, 0, 0, false);
            case NO_ANSWER -> new State(failures + 1, errors, null, 0, 0, 0, 0, false);
            case ERRORS -> new State(0, errors + 1, null, 0, 0, 0, 0, false); // it is an answer
        };
    }

    private static State leftOut(State before, Cause cause, long delayNanos, long nowNanos) {
        long since = before.cause == null ? nowNanos : before.sinceNanos;
        return new State(
                before.failures, before.errors, cause, delayNanos, since, nowNanos, nowNanos + delayNanos, false);
    }

    /**
     * A connect has succeeded.
     *
     * @return true if the server was left out until now
     */
    boolean connected() {
        State before = state.get();
        return before != null && before.cause == Cause.CONNECT && state.compareAndSet(before, null);
    }

    /**
     * A request was answered, and not with an error.
     *
     * @param startedNanos when it was sent
     * @return true if the server was left out until now
     */
    boolean answered(long startedNanos) {
        State before = state.get();
        if (before == null || (before.cause != null && startedNanos - before.failedNanos < 0)) {
            return false;
        }
        // Refused if another one ends at the same time: which of them is first does not matter.
        return state.compareAndSet(before, null) && before.cause != null;
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
