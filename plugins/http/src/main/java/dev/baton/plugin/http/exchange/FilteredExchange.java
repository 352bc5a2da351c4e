package dev.baton.plugin.http.exchange;

import dev.baton.plugin.http.exchange.FilterCalls.Call;
import dev.baton.plugin.http.exchange.FilterCalls.Given;
import dev.baton.spi.http.HttpBodyUse.Kind;
import dev.baton.spi.http.HttpFilterOptions.OnFailure;
import dev.baton.spi.http.HttpOutcome;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The way of one exchange through the filters of its route, and to its handler if it has one. Belongs to a
 * {@link Downstream} and runs under the claim on its connection. {@link FilterCalls} calls the filters.
 *
 * <pre>
 * stage     what happens                               over when                       then
 * REQUEST   filters see the request's head, upwards    all let it pass                 COLLECT or SENT
 * COLLECT   the request's body is kept                 it is complete, and has passed  SENT
 * SENT      the server or handler has the request      the head of a response is there RESPONSE
 * RESPONSE  filters see the response's head, downwards all let it pass                 GATHER or BODY
 * GATHER    the response's body is kept                it is complete                  BODY
 * BODY      pieces pass the filters, downwards         the last is written             ENDED
 * </pre>
 *
 * <p>An answer of a filter or of the service's own leads to RESPONSE from each stage before it, and takes the place of
 * the response in it. One callback waits at most: what comes from the server meanwhile is kept, and no more is read.
 */
public final class FilteredExchange extends ExchangeView implements FilterCalls.Way {
    private enum Stage {
        REQUEST,
        COLLECT,
        SENT,
        RESPONSE,
        GATHER,
        BODY,
        ENDED
    }

    /** What waits for its turn: a piece of the response, or its beginning. */
    private record Event(@Nullable ResponseHead head, Piece piece) {}

    /** The longest body that is read and dropped before the answer, in bytes, so that the connection can be kept. */
    private static final int DROPPED_MAX = 64 * 1024;
    /** Bytes with which a buffer for a whole body begins. */
    private static final int KEPT_FIRST = 1024;

    private final FilterUses uses;
    private final BodyWishes wishes;
    private final FilterCalls calls;
    /** Index of the handler, which is the last; -1 if the route leads elsewhere. */
    private final int handler;

    private Stage stage = Stage.REQUEST;
    /** So many filters have seen the request. */
    private int seen;

    private Piece first = Piece.NONE;
    /** The response was made here: no server sends it. */
    private boolean own;
    /** The service has given up: what fails now cuts the connection. */
    private boolean failing;

    private @Nullable String reason;

    private boolean headWritten;
    /** The rest of the request's body is dropped. */
    private boolean dropsBody;
    /** Of a whole body: what has come, or what the server is still to get. */
    private @Nullable ByteBuf kept;

    private @Nullable Piece forServer;
    /** The whole body, while the handler looks at the head. */
    private @Nullable Piece whole;

    private @Nullable Deque<Event> events;
    private @Nullable HandlerStream stream;
    /** Those of a handler that have written something or are waited for, the one that responds among them. */
    private List<HandlerStream> writers = List.of();
    /** The response that a handler begins while it reads the request's body. */
    private @Nullable Given begun;
    /** The handler still reads the body of the request. */
    private boolean readsAndResponds;

    FilteredExchange(Downstream client, Exchange exchange, Route route, long nowNanos) {
        super(client, exchange, route, nowNanos);
        if (route.target() instanceof Target.Handler last) {
            uses = route.filters().then(List.of(last.use().use()));
            handler = uses.count() - 1;
        } else {
            uses = route.filters();
            handler = -1;
        }
        wishes = new BodyWishes(uses);
        calls = new FilterCalls(this, uses, wishes);
        route.underWay().increment();
    }

    // ------------------------------------------------------------------------------------------- from the client's end

    /** The head of the request is there. */
    void begin() {
        request(0);
    }

    /** A callback waits, or what follows one that did. */
    boolean isWaiting() {
        return calls.isWaiting();
    }

    /** The client's body can be used now. */
    boolean takesBody() {
        if (calls.isWaiting()) {
            return false;
        }
        return switch (stage) {
            case REQUEST, ENDED -> false;
            case COLLECT -> true;
            case SENT, RESPONSE, GATHER, BODY ->
                dropsBody || (handler >= 0 ? handlerTakesBody() : forServer == null && client.hasServer());
        };
    }

    private boolean handlerTakesBody() {
        HandlerStream writer = stream;
        return whole == null && (writer == null || writer.takesMore());
    }

    /** A handler responds, and reads the body of the request at the same time. */
    public boolean readsAndResponds() {
        return readsAndResponds && !dropsBody;
    }

    /** The filter of an index is the handler. */
    boolean isHandler(int index) {
        return index == handler;
    }

    /** Under the claim: a callback runs. */
    boolean inCallback() {
        return calls.inCallback();
    }

    /** No more of the server's response is to be read now. */
    boolean holdsResponse() {
        return calls.isWaiting() || (events != null && !events.isEmpty());
    }

    /** Bytes of bodies that are kept here. */
    int heldBytes() {
        int held = kept == null ? 0 : kept.capacity();
        held += calls.heldBytes() + first.bytes().readableBytes();
        held += forServer == null ? 0 : forServer.bytes().capacity();
        held += whole == null ? 0 : whole.bytes().capacity();
        for (HandlerStream each : writers) {
            held += each.heldBytes();
        }
        if (events != null) {
            for (Event each : events) {
                held += each.piece().bytes().readableBytes();
            }
        }
        return held;
    }

    /**
     * A piece of the request's body; taken out of the buffer in any case.
     *
     * @return false: the server's end is gone, with its loop
     */
    boolean requestBody(ByteBuf in, int count, boolean last, @Nullable HeaderFields trailers) {
        requestBytes += count;
        if (last) {
            requestEndNanos = sinceBegin();
        }
        if (dropsBody) {
            in.skipBytes(count);
            if (stage == Stage.COLLECT && (last || requestBytes > DROPPED_MAX)) {
                send();
            }
        } else if (stage == Stage.COLLECT) {
            collect(in, count, last, trailers);
        } else if (handler < 0 && !wishes.any(true)) {
            return client.forward(exchange, in, count, last, trailers);
        } else {
            requestPiece(new Piece(in.readRetainedSlice(count), last, trailers), 0);
        }
        return true;
    }

    /** A connection to the server carries the exchange. */
    void attached() {
        connectedNanos = sinceBegin();
        Piece whole = forServer;
        if (whole != null) {
            forServer = null;
            toServer(whole);
        }
    }

    /** The server's response begins; its first bytes are taken out of the buffer. */
    void response(ResponseHead head, ByteBuf in, int count, boolean last, @Nullable HeaderFields trailers) {
        event(new Event(head, new Piece(in.readRetainedSlice(count), last, trailers)));
    }

    /** A piece of the server's response; the bytes are taken out of the buffer. */
    void responseBody(ByteBuf in, int count, boolean last, @Nullable HeaderFields trailers) {
        if (own) {
            in.skipBytes(count);
            return;
        }
        event(new Event(null, new Piece(in.readRetainedSlice(count), last, trailers)));
    }

    /** The label of what the service has answered itself; null if it has not. */
    @Nullable
    String reason() {
        return reason;
    }

    /** The service itself answers, instead of a server or a handler; false: it has tried to already. */
    boolean answerItself(OwnAnswer answer, String reason) {
        if (headWritten || failing) {
            return false;
        }
        failing = true;
        this.reason = reason;
        calls.stop();
        dropStream();
        dropsBody = true;
        respond(answer.head(), Unpooled.wrappedBuffer(answer.bytes()), true, seen - 1);
        return true;
    }

    /** The client takes more. */
    void writable() {
        HandlerStream writer = stream;
        if (writer != null) {
            writer.advance();
        }
    }

    /** The exchange is over. */
    void end(HttpOutcome outcome) {
        if (stage == Stage.ENDED) {
            return;
        }
        stage = Stage.ENDED;
        calls.stop();
        dropStream();
        release();
        int told = handler >= 0 && seen > handler ? handler + 1 : seen;
        for (int i = 0; i < told; i++) {
            if (!calls.isKnownTo(i)) {
                continue;
            }
            WorkerCall running = calls.late(i);
            int at = i;
            route.underWay().increment();
            if (running == null || !running.whenReturned(() -> tellEnd(at, outcome))) {
                tellEnd(i, outcome);
            }
        }
        route.underWay().decrement();
    }

    private void tellEnd(int at, HttpOutcome outcome) {
        FilterUse use = uses.get(at);
        try {
            use.filter().end(calls.view(at), outcome);
        } catch (Throwable t) {
            client.env().failed(use, "at the end of an exchange of route " + route.name(), t);
        } finally {
            route.underWay().decrement();
        }
    }

    private void dropStream() {
        dropWritersBut(null);
        begun = null;
    }

    private void dropWritersBut(@Nullable HandlerStream responding) {
        if (writers.isEmpty()) {
            return;
        }
        for (HandlerStream each : writers) {
            if (each != responding) {
                each.drop();
            }
        }
        writers = responding != null && writers.contains(responding) ? List.of(responding) : List.of();
    }

    private void release() {
        if (kept != null) {
            kept.release();
            kept = null;
        }
        calls.dropPiece();
        if (forServer != null) {
            forServer.release();
            forServer = null;
        }
        if (whole != null) {
            whole.release();
            whole = null;
        }
        first.release();
        first = Piece.NONE;
        if (events != null) {
            events.forEach(each -> each.piece().release());
            events.clear();
        }
    }

    // ----------------------------------------------------------------------------------------------------- the request

    /** The head of the request meets the filters from an index on. */
    private void request(int from) {
        int filters = handler < 0 ? uses.count() : handler;
        for (int i = from; i < filters; i++) {
            seen = i + 1;
            if (!calls.call(Call.REQUEST, i, null)) {
                return;
            }
        }
        if (exchange.hasBody() && wishes.wholeLimit(true) > 0) {
            stage = Stage.COLLECT;
            client.askForBody(exchange);
        } else if (exchange.hasBody() && bodyIsForNobody()) {
            dropsBody = true;
            if (exchange.expectsContinue() || exchange.bodyLength() > DROPPED_MAX) {
                send();
            } else {
                stage = Stage.COLLECT; // what is left of it would cost the connection
            }
        } else {
            send();
        }
    }

    private void send() {
        stage = Stage.SENT;
        Target target = route.target();
        if (target instanceof Target.Servers) {
            if (exchange.hasBody() && forServer == null && wishes.anyTransform(true)) {
                exchange.setBodyLength(BodyLength.CHUNKED);
            }
            client.sendToServer(exchange);
        } else if (target instanceof Target.Refused refused) {
            client.refuse(exchange, refused.refusal());
        } else if (target instanceof Target.Fixed fixed) {
            dropsBody = true;
            respond(fixed.answer().head(), Unpooled.wrappedBuffer(fixed.answer().bytes()), true, seen - 1);
        } else if (target instanceof Target.Redirect redirect) {
            OwnAnswer answer = redirect.answer(exchange);
            dropsBody = true;
            respond(answer.head(), Unpooled.wrappedBuffer(answer.bytes()), true, seen - 1);
        } else {
            seen = handler + 1;
            if (calls.call(Call.REQUEST, handler, null)) {
                handled();
            }
        }
    }

    /** The request goes where its body is not read. */
    private boolean bodyIsForNobody() {
        return handler >= 0
                ? uses.get(handler).requestUse().kind() == Kind.NONE && !wishes.any(true)
                : !(route.target() instanceof Target.Servers) && !wishes.any(true);
    }

    private void collect(ByteBuf in, int count, boolean last, @Nullable HeaderFields trailers) {
        ByteBuf all = kept;
        if (all == null) {
            // No more than has come: a length that is only said must not take memory.
            all = client.channel().alloc().buffer(Math.max(count, KEPT_FIRST));
            kept = all;
        }
        if (all.readableBytes() + (long) count > wishes.wholeLimit(true)) {
            in.skipBytes(count);
            client.refuse(exchange, Refusal.BODY_TOO_LARGE);
            return;
        }
        all.writeBytes(in, count);
        if (last) {
            kept = null;
            requestPiece(new Piece(all, true, trailers), 0);
        }
    }

    /** A piece of the request's body meets the filters from an index on; the piece is released. */
    private void requestPiece(Piece next, int from) {
        Piece passing = next;
        int filters = handler < 0 || stage == Stage.COLLECT ? (handler < 0 ? uses.count() : handler) : uses.count();
        for (int i = from; i < filters; i++) {
            if (wishes.wants(i, true)) {
                if (!calls.call(Call.REQUEST_BODY, i, passing)) {
                    return;
                }
                passing = calls.passed(passing);
            }
        }
        if (stage == Stage.COLLECT) {
            collected(passing);
        } else if (handler < 0) {
            toServer(passing);
        } else {
            boolean last = passing.last();
            passing.release();
            respondAsItReads();
            writable();
            if (last && stage == Stage.SENT) {
                calls.broke(
                        handler, Call.REQUEST_BODY, "it has neither answered nor waits, and all of the body was there");
            }
        }
    }

    /** The whole body has passed the filters: now the request can go. */
    private void collected(Piece passing) {
        exchange.setBodyLength(passing.bytes().readableBytes());
        exchange.expectNothing();
        if (handler < 0) {
            if (route.target() instanceof Target.Servers) {
                forServer = passing;
            } else {
                passing.release();
            }
        } else {
            whole = passing;
        }
        send();
    }

    /** The handler has seen the head, and wants the body. */
    private void handled() {
        Piece body = whole;
        whole = null;
        if (uses.get(handler).requestUse().kind() == Kind.NONE) {
            if (body != null) {
                body.release();
            }
            calls.broke(handler, Call.REQUEST, "it returned CONTINUE, but does not read bodies");
            return;
        }
        if (body == null && exchange.hasBody()) {
            client.askForBody(exchange); // before the head of a response
        }
        respondAsItReads();
        if (body != null || !exchange.hasBody()) {
            whole = body == null ? new Piece(Unpooled.EMPTY_BUFFER, true, null) : body;
            giveWhole();
        }
    }

    /** Hands the whole body to the handler, or an empty one, unless a filter of its response waits. */
    private void giveWhole() {
        Piece body = whole;
        if (body != null && !calls.isWaiting()) {
            whole = null;
            if (stage == Stage.ENDED || dropsBody) {
                body.release();
            } else {
                requestPiece(body, handler);
            }
        }
    }

    @Override
    public boolean respondsAsItReads(int at, Given given) {
        if (at != handler || given.stream() == null || uses.get(at).requestUse().kind() == Kind.NONE) {
            return false;
        }
        begun = given;
        return true;
    }

    /** Begins the response that a handler has asked for in the callback that has ended. */
    private void respondAsItReads() {
        Given given = begun;
        if (given != null) {
            begun = null;
            readsAndResponds = true;
            begin(given, handler - 1);
        }
    }

    private void toServer(Piece passing) {
        if (!client.hasServer()) {
            forServer = passing;
            return;
        }
        try {
            if (!client.forward(
                    exchange,
                    passing.bytes(),
                    passing.bytes().readableBytes(),
                    passing.last(),
                    passing.trailerFields())) {
                client.reset();
            }
        } finally {
            passing.release();
        }
    }

    // ---------------------------------------------------------------------------------------------------- the response

    private void event(Event event) {
        if (holdsResponse()) {
            if (events == null) {
                events = new ArrayDeque<>();
            }
            events.add(event);
        } else {
            process(event);
        }
    }

    private void process(Event event) {
        if (stage == Stage.ENDED || (own && event.head() == null)) {
            event.piece().release();
        } else if (event.head() != null) {
            first = event.piece();
            begin(event.head(), seen - 1);
        } else {
            responseBody(event.piece());
        }
    }

    private void begin(ResponseHead head, int from) {
        stage = Stage.RESPONSE;
        responseBeginNanos = sinceBegin();
        response = new ResponseView(head, exchange);
        wishes.beginResponse(handler >= 0 ? Math.min(from, handler - 1) : from);
        response(wishes.top());
    }

    /** A response that is made here. */
    private void respond(ResponseHead head, ByteBuf content, boolean last, int from) {
        release();
        own = true;
        first = new Piece(content, last, null);
        begin(head, from);
    }

    /** The head of the response meets the filters from an index down. */
    private void response(int from) {
        for (int i = from; i >= 0; i--) {
            if (!calls.call(Call.RESPONSE, i, null)) {
                return;
            }
        }
        Piece beginning = first;
        first = Piece.NONE;
        ResponseHead head = head();
        if (head.beginsTunnel()) {
            stage = Stage.BODY; // what follows is no body of HTTP
            wishes.skipAll();
            write(beginning);
        } else if (head.isBodyless(exchange)
                || (beginning.last() && !beginning.bytes().isReadable())) {
            stage = Stage.BODY;
            if (head.isBodyless(exchange) && changesBody()) {
                head.dropLength();
            }
            head.setBodyLength(0);
            beginning.release();
            write(new Piece(Unpooled.EMPTY_BUFFER, true, beginning.trailerFields()));
        } else if (wishes.wholeLimit(false) > 0 || (beginning.last() && wishes.anyTransform(false))) {
            stage = Stage.GATHER;
            if (own && beginning.last()) {
                responsePiece(beginning, wishes.top()); // it is here, and no attack: no limit keeps it from its client
            } else {
                gather(beginning);
            }
        } else {
            stage = Stage.BODY;
            if (wishes.anyTransform(false)) {
                head.lengthUnknown();
            }
            if (beginning.bytes().isReadable()) {
                responsePiece(beginning, wishes.top());
            } else {
                write(beginning);
            }
        }
    }

    /** The length of this response's body cannot be known. */
    private boolean changesBody() {
        return wishes.anyTransform(false) || wishes.wholeLimit(false) > 0;
    }

    private void responseBody(Piece next) {
        if (stage == Stage.GATHER) {
            gather(next);
        } else {
            responsePiece(next, wishes.top());
        }
    }

    private void gather(Piece next) {
        ByteBuf all = kept;
        if (all == null) {
            all = client.channel()
                    .alloc()
                    .buffer(Math.max(KEPT_FIRST, next.bytes().readableBytes()));
            kept = all;
        }
        long limit = wishes.wholeLimit(false);
        if (limit > 0 && all.readableBytes() + (long) next.bytes().readableBytes() > limit) {
            next.release();
            client.refuse(exchange, Refusal.RESPONSE_TOO_LARGE);
            return;
        }
        all.writeBytes(next.bytes());
        boolean last = next.last();
        HeaderFields trailers = next.trailerFields();
        next.release();
        if (last) {
            kept = null;
            responsePiece(new Piece(all, true, trailers), wishes.top());
        }
    }

    /** A piece of the response's body meets the filters from an index down; the piece is released. */
    private void responsePiece(Piece next, int from) {
        Piece passing = next;
        for (int i = from; i >= 0; i--) {
            if (wishes.wants(i, false)) {
                if (!calls.call(Call.RESPONSE_BODY, i, passing)) {
                    return;
                }
                passing = calls.passed(passing);
            }
        }
        if (stage == Stage.GATHER) {
            stage = Stage.BODY;
            head().setLength(passing.bytes().readableBytes());
        }
        write(passing);
    }

    private void write(Piece out) {
        responseBytes += out.bytes().readableBytes();
        boolean last = out.last();
        if (last) {
            responseEndNanos = sinceBegin();
        }
        boolean begins = !headWritten;
        headWritten = true;
        try {
            if (begins) {
                client.write(exchange, head(), out.bytes(), out.bytes().readableBytes(), last, out.trailerFields());
            } else {
                client.write(exchange, null, out.bytes(), out.bytes().readableBytes(), last, out.trailerFields());
            }
        } finally {
            out.release();
        }
    }

    private ResponseHead head() {
        ResponseView view = response;
        if (view == null) {
            throw new IllegalStateException("there is no response");
        }
        return view.head();
    }

    // ---------------------------------------------------------------------------------------- what filters decide

    @Override
    public void passed(Call call, int at, Piece passing) {
        switch (call) {
            case REQUEST -> {
                if (at == handler) {
                    handled();
                } else {
                    request(at + 1);
                }
            }
            case REQUEST_BODY -> requestPiece(passing, at + 1);
            case RESPONSE -> response(at - 1);
            case RESPONSE_BODY -> responsePiece(passing, at - 1);
        }
    }

    @Override
    public void answered(int at, Given given) {
        dropsBody = true;
        client.letGoOfServer(exchange);
        begin(given, at - 1);
    }

    private void begin(Given given, int from) {
        HandlerStream writer = given.stream();
        stream = writer;
        dropWritersBut(writer);
        respond(given.head(), Unpooled.wrappedBuffer(given.body()), writer == null, from);
        if (writer != null) {
            writer.advance();
        }
    }

    @Override
    public boolean failed(int at, Refusal refusal) {
        FilterUse use = uses.get(at);
        wishes.turnOff(at);
        boolean bypassed = use.options().onFailure() == OnFailure.BYPASS && at != handler;
        if (bypassed || (failing && !headWritten)) {
            client.count(refusal);
            return true;
        }
        calls.dropPiece();
        client.refuse(exchange, refusal);
        return false;
    }

    @Override
    public void wentOn() {
        while (!calls.isWaiting() && stage != Stage.ENDED && events != null && !events.isEmpty()) {
            process(events.remove());
        }
        giveWhole();
        writable();
        client.wentOn(exchange);
    }

    /** The head of a response is there. */
    boolean hasHead() {
        return response != null || (events != null && !events.isEmpty());
    }

    /** Throws an IllegalStateException if the response has begun. */
    void checkNotBegun() {
        if (headWritten) {
            throw new IllegalStateException("the response has begun");
        }
    }

    // ---------------------------------------------------------------------------------------- for a handler's stream

    /** A piece of a handler's response. */
    void responsePiece(Piece next) {
        responseBody(next);
    }

    /** More of a handler's response can be used now. */
    boolean takesPieces(HandlerStream from) {
        return (stage == Stage.BODY || stage == Stage.GATHER) && stream == from && !holdsResponse();
    }

    /**
     * A stream has a piece that it keeps until that can be used: it may become the response, or never, and is dropped
     * with the exchange at the latest. Under the claim.
     *
     * @return false: the piece is dropped
     */
    boolean keeps(HandlerStream from) {
        if (stage == Stage.ENDED || failing) {
            return false;
        }
        if (!writers.contains(from)) {
            List<HandlerStream> more = new ArrayList<>(writers);
            more.add(from);
            writers = more;
        }
        return true;
    }

    /** A handler does not finish its response; with what it threw, if that is why. */
    void abortedByHandler(HandlerStream from, @Nullable Throwable thrown) {
        if (thrown != null) {
            calls.threw(handler, Call.RESPONSE_BODY, thrown);
        }
        boolean responds = stream == from || (begun != null && begun.stream() == from);
        if (!responds) {
            from.drop();
        } else if (stage != Stage.ENDED) {
            client.refuse(exchange, thrown == null ? Refusal.HANDLER_ABORTED : Refusal.FILTER_FAILED);
        }
    }

    /** No more of the request comes that a handler which streams its response could wait for. */
    boolean hasNothingToRead() {
        return client.requestIsComplete() || !readsAndResponds();
    }

    /** How long a client may wait for the handler. */
    long handlerTimeoutNanos() {
        return uses.get(handler).options().timeout().toNanos();
    }

    /** A handler has begun its response and writes no more of it. */
    void handlerSilent(HandlerStream from) {
        if (stream == from && stage != Stage.ENDED) {
            client.refuse(exchange, Refusal.FILTER_TIMEOUT);
        }
    }

    @Override
    boolean isHeld() {
        return stage == Stage.REQUEST || stage == Stage.COLLECT;
    }
}
