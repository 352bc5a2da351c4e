package dev.baton.plugin.http.http1;

import dev.baton.plugin.http.exchange.BodyPace;
import dev.baton.plugin.http.exchange.Deadlines;
import dev.baton.plugin.http.exchange.Timeouts;
import io.netty.util.concurrent.Ticker;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The only timer of a client's connection and of its exchange. It is lazy: progress is a clock reading in a field, and
 * the timer, when it fires early, is set to what remains. It fires at least every {@link Timeouts#check}, so a deadline
 * that became shorter meanwhile is not missed.
 */
final class Http1Timer implements Callable<@Nullable Void> {
    private final Http1Downstream end;

    /**
     * That of the loops' timers, the same for all of them: looked up once, because the facade asks for the owner each
     * time.
     */
    @SuppressWarnings("NullAway.Init") // set when the handler is added, before anything else is called
    private Ticker clock;

    private long since;
    private long pendingBefore;
    /** Until when the next request may be waited for. */
    private long lastRequestBy;

    /** The first request has come. */
    private boolean asked;

    /** Of the first body and those after it. */
    private @Nullable BodyPace pace;

    private @Nullable Future<?> scheduled;

    Http1Timer(Http1Downstream end) {
        this.end = end;
    }

    /** The connection has a loop. */
    void added(Ticker ticker) {
        clock = ticker;
        lastRequestBy = ticker.nanoTime() + Long.MAX_VALUE / 2;
    }

    void start() {
        if (scheduled == null) {
            since = clock.nanoTime();
            schedule(timeouts().check());
        }
    }

    /**
     * The connection comes from another process: what remained of a time limit there, remains of it here.
     *
     * @param silentNanos since something came or went
     */
    void unpack(boolean hasAsked, long silentNanos) {
        asked = hasAsked;
        since = clock.nanoTime() - silentNanos;
        stop();
        schedule(0);
    }

    void stop() {
        if (scheduled != null) {
            scheduled.cancel(false);
            scheduled = null;
        }
    }

    /** Something came or went: silence is measured from now on. */
    void progress() {
        since = clock.nanoTime();
    }

    long nanoTime() {
        return clock.nanoTime();
    }

    /** When something came or went last, by the clock of the loops. */
    long lastProgress() {
        return since;
    }

    /** How long nothing has come or gone. Any thread: a guess without a claim. */
    long silentNanos() {
        return Math.max(0, clock.nanoTime() - since);
    }

    /** The first request has come. */
    boolean hasAsked() {
        return asked;
    }

    /** A request came. */
    void request() {
        progress();
        asked = true;
    }

    /** The request has a body. */
    void beginBody() {
        BodyPace begun = pace;
        if (begun == null) {
            begun = new BodyPace();
            pace = begun;
        }
        begun.begin();
    }

    /** Part of the body came in another process. */
    void unpackBody(long bytes) {
        beginBody();
        if (pace != null) {
            pace.clientsTurn(bytes, since);
        }
    }

    /** A piece of the body came. */
    void received(int bytes) {
        progress();
        if (pace != null) {
            pace.clientsTurn(bytes, since);
        }
    }

    /** Bytes of the body so far. */
    long bodyBytes() {
        return pace == null ? 0 : pace.bytes();
    }

    /** At the time of the last progress the client could go on with its body. */
    void clientsTurn() {
        if (pace != null) {
            pace.clientsTurn(0, since);
        }
    }

    /** At the time of the last progress the client could send no more of its body. */
    void serversTurn() {
        if (pace != null) {
            pace.othersTurn(since);
        }
    }

    /** All is written, and the connection is over but for the client's last bytes. */
    void linger() {
        progress();
        stop();
        schedule(timeouts().linger());
    }

    /** The next request is the last, and may be waited for that long from now on. */
    void lastRequestWithin(long nanos) {
        lastRequestBy = clock.nanoTime() + nanos;
    }

    /** The last request is all that is waited for. */
    void awaitLastRequest() {
        progress();
        stop();
        schedule(Math.max(0, Math.min(lastRequestBy - since, timeouts().check())));
    }

    private Timeouts timeouts() {
        return end.env().timeouts();
    }

    private void schedule(long nanos) {
        scheduled = end.channel().eventLoop().schedule(this, nanos, TimeUnit.NANOSECONDS);
    }

    /** The timer has fired. A callable, because of a runnable Netty makes one: an object more for every connection. */
    @Override
    public @Nullable Void call() {
        scheduled = null;
        if (end.channel().isOpen()) {
            look();
        }
        return null;
    }

    private void look() {
        Timeouts timeouts = timeouts();
        boolean stuck = clientIsStuck();
        long now = clock.nanoTime();
        long paceLeft = stuck ? Timeouts.NEVER : paceLeft(timeouts, now);
        long left = Deadlines.check(end, now, stuck, limit(timeouts, stuck), paceLeft);
        if (end.channel().isOpen() && scheduled == null) {
            schedule(left <= 0 ? timeouts.check() : Math.min(left, timeouts.check()));
        }
    }

    /**
     * How much longer the client may take for what has come of its head or body, at the slowest rate that is allowed.
     */
    private long paceLeft(Timeouts timeouts, long now) {
        return switch (end.phase()) {
            case HEAD -> end.headBegun() ? since + timeouts.allowed(end.headBytes()) - now : Timeouts.NEVER;
            // An answer that has begun is a conversation: who says what when is theirs.
            case BODY -> pace == null || end.answering() ? Timeouts.NEVER : pace.left(timeouts, now);
            case ANSWER, DISCARD -> Timeouts.NEVER;
        };
    }

    /** The client does not take what was written for it; every byte that it does take is progress. */
    private boolean clientIsStuck() {
        long pending = end.pendingBytes();
        boolean stuck = end.waitsForClient();
        if (stuck && pending != pendingBefore) {
            pendingBefore = pending;
            progress();
        }
        return stuck;
    }

    private long limit(Timeouts timeouts, boolean stuck) {
        if (end.waitsElsewhere() && !stuck) {
            return Timeouts.NEVER; // the upstream's connect-timeout limits it, or a filter's own
        }
        if (end.isTunnel()) {
            return timeouts.tunnel();
        }
        return switch (end.phase()) {
            case HEAD -> {
                if (stuck) {
                    yield timeouts.idle();
                }
                if (end.headBegun()) {
                    yield timeouts.header();
                }
                yield Math.min(lastRequestBy - since, asked ? timeouts.idle() : timeouts.firstRequest());
            }
            case BODY -> end.requestPaused() && !stuck ? timeouts.response() : timeouts.idle();
            case ANSWER -> stuck ? timeouts.idle() : timeouts.response();
            case DISCARD -> stuck ? timeouts.idle() : timeouts.linger();
        };
    }
}
