package dev.baton.plugin.http.exchange;

import dev.baton.plugin.http.exchange.Quarantine.Place;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpVerdict;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Calls the filters of one exchange, and its handler, one at a time, and waits for the one that says so. Runs under the
 * claim on the client's connection; what filters say from elsewhere is posted.
 *
 * <p>Each filter has a {@link FilterView} of its own, so that what one says too late, after its time was over, ends no
 * wait of another: an exchange must not get past a filter that has not let it pass.
 */
final class FilterCalls {
    /** The callbacks of a filter. */
    enum Call {
        REQUEST,
        REQUEST_BODY,
        RESPONSE,
        RESPONSE_BODY
    }

    /** The head and the beginning of an answer, and the stream of what follows. */
    record Given(
            ResponseHead head, ByteBuffer body, @Nullable HandlerStream stream) {}

    /** What becomes of the exchange. */
    interface Way {
        /** After a wait, a filter lets the exchange pass, with this piece if it was called with one. */
        void passed(Call call, int at, Piece piece);

        /** A filter has answered. */
        void answered(int at, Given given);

        /** A handler has begun to answer and wants the rest of the request's body; false: it may not. */
        boolean respondsAsItReads(int at, Given given);

        /** A filter cannot be called, or has failed; true: the exchange continues without it. */
        boolean failed(int at, Refusal refusal);

        /** A wait is over, and what followed from it is done. */
        void wentOn();
    }

    private final Downstream client;
    private final Route route;
    private final FilterUses uses;
    private final BodyWishes wishes;
    private final FilteredExchange exchange;
    private final @Nullable FilterView[] views;

    private @Nullable Call current;
    private int at;
    private @Nullable Piece piece;
    /** The thread that runs a callback under the claim now. */
    private volatile @Nullable Thread calling;
    /** What that callback has answered. */
    private @Nullable Given given;

    private boolean resumed;
    private boolean waiting;
    /** The wait that is under way; another object for each. */
    private @Nullable Object currentWait;

    private @Nullable WorkerCall worker;
    /** Callbacks that still ran on workers when their time was over. */
    private List<WorkerCall> late = List.of();

    private @Nullable Future<?> timer;

    FilterCalls(FilteredExchange exchange, FilterUses uses, BodyWishes wishes) {
        this.exchange = exchange;
        this.client = exchange.client;
        this.route = exchange.route;
        this.uses = uses;
        this.wishes = wishes;
        views = new FilterView[uses.count()];
    }

    /** A callback waits. */
    boolean isWaiting() {
        return waiting;
    }

    /** A filter has seen the request. */
    boolean isKnownTo(int i) {
        return views[i] != null;
    }

    /** The exchange as a filter sees it. */
    FilterView view(int i) {
        FilterView known = views[i];
        if (known == null) {
            known = new FilterView(exchange, this, i);
            views[i] = known;
        }
        return known;
    }

    // ---- calling ----------------------------------------------------------------------------------------------------

    /**
     * Calls a filter.
     *
     * @param passing what a callback of a body gets: kept here until {@link #passed} or {@link #dropPiece}
     * @return true: it lets the exchange pass. False: the exchange waits, or goes another way already
     */
    boolean call(Call call, int i, @Nullable Piece passing) {
        if (wishes.isOff(i)) {
            return true;
        }
        FilterUse use = uses.get(i);
        long before = client.nanoTime();
        current = call;
        at = i;
        piece = passing;
        given = null;
        resumed = false;
        if (late(i) != null) {
            return exchange.failed(i, Refusal.FILTER_BUSY); // one callback of a filter at a time
        }
        Place place = use.isBlocking() ? Place.WORKERS : use.quarantine().place(before);
        return switch (place) {
            case NOWHERE -> exchange.failed(i, Refusal.FILTER_QUARANTINED);
            case WORKERS -> {
                callOnWorker(use, call, i);
                yield false;
            }
            case LOOP, TRIAL -> callHere(use, call, i, passing, place, before);
        };
    }

    private boolean callHere(FilterUse use, Call call, int i, @Nullable Piece passing, Place place, long beforeNanos) {
        boolean suspicious = use.quarantine().isSuspicious(place, beforeNanos);
        long cpuBefore = suspicious ? ExchangeEnv.cpuNanos() : Quarantine.UNKNOWN;
        HttpVerdict verdict = HttpVerdict.CONTINUE;
        Throwable thrown = null;
        calling = Thread.currentThread();
        try {
            verdict = invoke(use, call, i, passing);
        } catch (Throwable t) { // the plugin's, which is told of it below
            thrown = t;
        } finally {
            calling = null;
            measure(use, place, beforeNanos, cpuBefore);
        }
        if (thrown != null) {
            threw(i, call, thrown);
            return exchange.failed(i, Refusal.FILTER_FAILED);
        }
        return decided(verdict, given, resumed);
    }

    /** One that throws after it has blocked has blocked all the same. */
    private void measure(FilterUse use, Place place, long beforeNanos, long cpuBefore) {
        long now = client.nanoTime();
        long cpu = cpuBefore == Quarantine.UNKNOWN ? Quarantine.UNKNOWN : ExchangeEnv.cpuNanos() - cpuBefore;
        Place next = use.quarantine().took(place, now - beforeNanos, cpu, now);
        if (next != null) {
            client.env().quarantined(use, route, next);
        }
    }

    private HttpVerdict invoke(FilterUse use, Call call, int i, @Nullable Piece passing) {
        HttpFilter filter = use.filter();
        FilterView view = view(i);
        Piece body = passing == null ? Piece.NONE : passing;
        return switch (call) {
            case REQUEST -> filter.request(view);
            case REQUEST_BODY -> filter.requestBody(view, body.allow(use.requestUse()));
            case RESPONSE -> filter.response(view);
            case RESPONSE_BODY -> filter.responseBody(view, body.allow(use.responseUse()));
        };
    }

    private void callOnWorker(FilterUse use, Call call, int i) {
        Piece copy = piece == null ? null : piece.unpooled();
        piece = copy == null ? null : copy.twin(); // passes on if the callback takes too long
        view(i);
        WorkerCall work = new WorkerCall(client, i, copy);
        await();
        worker = work;
        try {
            work.asked(client.onWorker(
                    use.contributed(),
                    () -> work.run(() -> invoke(use, call, i, copy)),
                    verdict -> client.run(() -> returned(work, verdict, null)),
                    thrown -> client.run(() -> returned(work, HttpVerdict.CONTINUE, thrown))));
        } catch (IllegalStateException e) { // an earlier one, whose time is over, still runs
            stop();
            goOn(exchange.failed(i, Refusal.FILTER_BUSY));
        }
    }

    private void returned(WorkerCall work, HttpVerdict verdict, @Nullable Throwable thrown) {
        if (work != worker) {
            return;
        }
        endWait();
        if (work.piece != null) {
            dropPiece();
            piece = work.piece;
        }
        if (thrown == null) {
            goOn(decided(verdict, work.given, work.resumed));
        } else if (thrown instanceof RejectedExecutionException && !work.hasBegun()) {
            leftOut();
            goOn(exchange.failed(at, Refusal.FILTER_BUSY));
        } else {
            threw(at, currentCall(), thrown);
            goOn(exchange.failed(at, Refusal.FILTER_FAILED));
        }
    }

    private Call currentCall() {
        Call call = current;
        if (call == null) {
            throw new IllegalStateException("no callback");
        }
        return call;
    }

    /** Counts what a callback has thrown for its plugin. */
    void threw(int i, Call call, Throwable thrown) {
        client.env().failed(uses.get(i), "callback " + call + " in route " + route.name(), thrown);
    }

    /** A filter has done what none may; true: the exchange continues without it. */
    boolean broke(int i, Call call, String words) {
        at = i;
        current = call;
        threw(i, call, new IllegalStateException(words));
        return exchange.failed(i, Refusal.FILTER_FAILED);
    }

    /** What a callback has decided; true: the exchange passes. */
    private boolean decided(HttpVerdict verdict, @Nullable Given answer, boolean early) {
        Call call = currentCall();
        if (answer == null) {
            if (verdict == HttpVerdict.CONTINUE || (verdict == HttpVerdict.WAIT && early)) {
                return true;
            }
            if (verdict == HttpVerdict.WAIT) {
                await();
                return false;
            }
            return broke(at, call, "it says that it has answered, and has not");
        }
        if (verdict == HttpVerdict.CONTINUE && exchange.respondsAsItReads(at, answer)) {
            return true;
        }
        if (verdict == HttpVerdict.CONTINUE) {
            return broke(at, call, "it has answered, and says that the exchange is to continue");
        }
        if (call == Call.RESPONSE_BODY) {
            return broke(at, call, "it answers when the response has begun");
        }
        exchange.answered(at, answer);
        return false;
    }

    /** The caller is under the claim, and in a callback. */
    boolean inCallback() {
        return calling != null;
    }

    // ---- the piece --------------------------------------------------------------------------------------------------

    /** The piece that a callback was called with, as it has left it. */
    Piece passed(Piece before) {
        Piece after = piece == null ? before : piece;
        piece = null;
        return after.settled();
    }

    void dropPiece() {
        if (piece != null) {
            piece.release();
            piece = null;
        }
    }

    int heldBytes() {
        return piece == null ? 0 : piece.bytes().capacity();
    }

    // ---- waiting ----------------------------------------------------------------------------------------------------

    private void await() {
        waiting = true;
        Object wait = new Object();
        currentWait = wait;
        timer = client.schedule(
                () -> overdue(wait), uses.get(at).options().timeout().toNanos());
    }

    private void overdue(Object wait) {
        if (waiting && wait == currentWait) {
            stop();
            goOn(exchange.failed(at, Refusal.FILTER_TIMEOUT));
        }
    }

    /** Waits no more. A callback that still runs on a worker is not listened to. */
    void stop() {
        WorkerCall abandoned = worker;
        endWait();
        if (abandoned == null) {
            return;
        }
        if (abandoned.abandon()) {
            List<WorkerCall> more = new ArrayList<>(late);
            more.add(abandoned);
            late = more;
        } else if (!abandoned.hasBegun()) {
            leftOut();
        }
    }

    /** The callback that was to run on a worker never begins. */
    private void leftOut() {
        if (current == Call.REQUEST) { // the filter does not know of the exchange, and sees no more of it
            views[at] = null;
            wishes.turnOff(at);
        }
    }

    private void endWait() {
        Future<?> scheduled = timer;
        if (scheduled != null) {
            scheduled.cancel(false);
            timer = null;
        }
        currentWait = null;
        waiting = false;
        worker = null;
    }

    /** A callback of a filter that runs on a worker though its time is over; null if there is none. */
    @Nullable
    WorkerCall late(int i) {
        for (int each = 0; each < late.size(); each++) {
            WorkerCall call = late.get(each);
            if (call.at == i && call.isLate()) {
                return call;
            }
        }
        return null;
    }

    private void goOn(boolean passes) {
        if (passes) {
            exchange.passed(currentCall(), at, passed(Piece.NONE));
        }
        exchange.wentOn();
    }

    // ---- what filters say -------------------------------------------------------------------------------------------

    /** The worker's call of a filter, if the caller is that worker's thread. */
    private @Nullable WorkerCall onThisWorker(int i) {
        WorkerCall work = worker;
        return work != null && work.at == i && work.runsHere() ? work : null;
    }

    private boolean inCallback(int i) {
        return calling == Thread.currentThread() && at == i;
    }

    void resume(int i) {
        WorkerCall work = onThisWorker(i);
        if (work != null) {
            work.resumed = true;
        } else if (inCallback(i)) {
            resumed = true;
        } else {
            client.post(() -> resumed(i, null));
        }
    }

    void give(int i, Given answer) {
        WorkerCall work = onThisWorker(i);
        if (work != null) {
            checkFirst(work.given);
            work.given = answer;
        } else if (inCallback(i)) {
            checkFirst(given);
            given = answer;
        } else {
            client.post(() -> resumed(i, answer));
        }
    }

    private static void checkFirst(@Nullable Given before) {
        if (before != null) {
            throw new IllegalStateException("answered twice");
        }
    }

    private void resumed(int i, @Nullable Given answer) {
        WorkerCall work = worker;
        if (!waiting || at != i) {
            return; // too late, or for another's wait
        }
        if (work != null) { // its callback has not returned yet
            work.resumed = true;
            if (answer != null) {
                work.given = answer;
            }
            return;
        }
        stop();
        if (answer == null) {
            goOn(true);
        } else {
            goOn(decided(HttpVerdict.ANSWERED, answer, false));
        }
    }

    void skipBody(int i) {
        boolean inHead = current == Call.REQUEST || current == Call.RESPONSE;
        if (!inHead || (!inCallback(i) && onThisWorker(i) == null)) {
            throw new IllegalStateException("skipBody is for the callback of a head");
        }
        wishes.skip(i, current == Call.REQUEST);
    }
}
