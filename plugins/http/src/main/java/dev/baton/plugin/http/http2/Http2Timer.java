package dev.baton.plugin.http.http2;

import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.plugin.http.exchange.Timeouts;
import io.netty.util.concurrent.Ticker;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Keeps time for a connection and all its streams: one timer, which looks as often as the shortest timeout is long, so
 * that nothing has to be scheduled for a request. Under the claim on the connection, except where it says so.
 */
final class Http2Timer implements Callable<@Nullable Void> {
    private static final long NONE = Long.MIN_VALUE;

    private final Http2Reader reader;
    private final Ticker clock;

    /** When something came or went last. */
    private long since;
    /** When the first byte of a frame, or of a head, came that is not complete; {@link #NONE} if there is none. */
    private long partSince = NONE;

    /** A frame was complete in this read. */
    private boolean frame;

    private boolean asked;
    private long goAwayBy = NONE;

    private @Nullable Future<?> scheduled;

    Http2Timer(Http2Reader reader) {
        this.reader = reader;
        clock = reader.channel().eventLoop().ticker();
        since = clock.nanoTime();
    }

    /** The connection is open; false: it was started before. */
    boolean start() {
        if (scheduled != null) {
            return false;
        }
        since = clock.nanoTime();
        schedule(timeouts().check());
        return true;
    }

    void stop() {
        if (scheduled != null) {
            scheduled.cancel(false);
            scheduled = null;
        }
    }

    long nanoTime() {
        return clock.nanoTime();
    }

    void progress(long nowNanos) {
        since = nowNanos;
    }

    /** How long nothing has come or gone. Any thread: a guess without a claim. */
    long silentNanos() {
        return Math.max(0, clock.nanoTime() - since);
    }

    /** A request came. */
    void asked() {
        asked = true;
    }

    boolean hasAsked() {
        return asked;
    }

    /** Bytes came. */
    void received() {
        if (partSince == NONE) {
            partSince = clock.nanoTime();
        }
    }

    /** One of the frames that came is complete. */
    void frame() {
        frame = true;
    }

    /** All that came was looked at; with bytes of an unfinished frame at its end or without. */
    void read(boolean unfinished) {
        if (frame) {
            frame = false;
            partSince = unfinished ? clock.nanoTime() : NONE;
        }
    }

    /** A frame, or a head, has begun and is not complete. Any thread: a guess without a claim. */
    boolean isInFrame() {
        return partSince != NONE;
    }

    /** The last GOAWAY is to be sent by then, if not earlier for another reason. */
    void goAwayWithin(long nanos) {
        long now = clock.nanoTime();
        long by = now + nanos;
        goAwayBy = goAwayBy == NONE || by - goAwayBy < 0 ? by : goAwayBy;
        stop();
        schedule(Math.min(goAwayBy - now, timeouts().check()));
    }

    private Timeouts timeouts() {
        return reader.env().timeouts();
    }

    private void schedule(long nanos) {
        scheduled = reader.channel().eventLoop().schedule(this, Math.max(0, nanos), TimeUnit.NANOSECONDS);
    }

    @Override
    public @Nullable Void call() {
        scheduled = null;
        if (reader.channel().isOpen()) {
            long left = look(clock.nanoTime());
            if (reader.channel().isOpen() && scheduled == null) {
                long check = timeouts().check();
                schedule(left <= 0 ? check : Math.min(left, check));
            }
        }
        return null;
    }

    private long look(long now) {
        Timeouts timeouts = timeouts();
        long left = Timeouts.NEVER;
        if (goAwayBy != NONE) {
            left = goAwayBy - now;
            if (left <= 0) {
                goAwayBy = NONE;
                reader.goAwayForGood();
            }
        }
        if (partSince != NONE) {
            long partLeft = partSince + timeouts.header() - now;
            if (partLeft <= 0) {
                reader.timedOut(Refusal.SLOW_REQUEST);
                return Timeouts.NEVER;
            }
            left = Math.min(left, partLeft);
        }
        int streams = 0;
        for (Http2Downstream each : reader.streams()) {
            streams++;
            if (each.isResetUnsent(now, timeouts.linger())) {
                reader.closeNow(); // the client reads nothing at all
                return Timeouts.NEVER;
            }
            left = Math.min(left, each.look(timeouts, now));
        }
        if (streams == 0) {
            long idleLeft = since + (asked ? timeouts.idle() : timeouts.firstRequest()) - now;
            if (idleLeft <= 0) {
                reader.timedOut(null);
                return Timeouts.NEVER;
            }
            left = Math.min(left, idleLeft);
        }
        return left;
    }
}
