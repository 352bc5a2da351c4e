package dev.baton.testkit.http;

import dev.baton.spi.channel.ConnectionFacts;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpAttribute;
import dev.baton.spi.http.HttpBodyUse;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpHandler;
import dev.baton.spi.http.HttpOutcome;
import dev.baton.spi.http.HttpRequest;
import dev.baton.spi.http.HttpResponse;
import dev.baton.spi.http.HttpStream;
import dev.baton.spi.http.HttpTimings;
import dev.baton.spi.http.HttpVerdict;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.EventExecutor;
import java.io.ByteArrayOutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One exchange for a unit test of an HTTP filter or handler: no service, no connection, no loop. The test says what the
 * client sends, lets the exchange {@link #meet} the filter, says how the server responds, ends it, and looks at what
 * became of it:
 *
 * <pre>
 * FakeExchange exchange = FakeExchange.get("/").with("Accept", "text/html").meet(filter);
 * assertThat(exchange.isPassed()).isTrue();
 * exchange.respond(HttpAnswer.of(200).text("hello")).end();
 * assertThat(exchange.received()).isEqualTo("hello");
 * </pre>
 *
 * <p>It refuses what the real one refuses, with the same exceptions. A promise of {@link HttpFilter} that is broken is
 * an {@link AssertionError} that names it: a verdict that does not fit what was called, a body that was released or
 * changed in place, a wait without an end, a buffer of {@link #allocator} that was not released by the end.
 *
 * <p>Callbacks run on the test's thread. After a {@link HttpVerdict#WAIT} the exchange continues in {@link #settle},
 * which every later step calls first.
 */
public final class FakeExchange implements HttpExchange {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final int PORT = 4711;
    private static final int TOO_LARGE = 413;
    private static final int BAD_GATEWAY = 502;
    private static final byte[] NOTHING = {};

    /** What is going on. */
    private enum Phase {
        /** The filter or handler has not been called. */
        NEW,
        /** The request is with the filter or handler. */
        REQUEST,
        /** The request has passed the filter; no response is there. */
        PASSED,
        /** The head of a response is with the filter. */
        RESPONSE_HEAD,
        /** The body of a response is with the filter, or comes from a stream. */
        RESPONSE_BODY,
        /** The response is whole. */
        DONE,
        /** The end has been called. */
        ENDED
    }

    private final FakeHeads.Request request;
    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false, true);
    private final Map<HttpAttribute<?>, Object> attributes = new HashMap<>();
    private final ByteArrayOutputStream forwarded = new ByteArrayOutputStream();
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private final StringBuilder verdicts = new StringBuilder();

    private byte[] requestBody = NOTHING;
    private byte[] responseBody = NOTHING;
    private @Nullable FakeFields trailers;
    private int pieceBytes = Integer.MAX_VALUE;
    private long requestBytes;
    private boolean slowClient;
    private ConnectionFacts facts =
            new ConnectionFacts(new InetSocketAddress("192.0.2.1", PORT), new InetSocketAddress("192.0.2.80", 80));
    private String service = "shop";
    private String route = "all";
    private @Nullable String server;
    private int retries;
    private HttpTimings timings = new HttpTimings(0, HttpTimings.NEVER, HttpTimings.NEVER, HttpTimings.NEVER);
    private Duration patience = PATIENCE;

    private @Nullable HttpFilter filter;
    private @Nullable HttpHandler handler;
    private @Nullable Runnable next;
    /** What has to be done with the body of a callback when that is over, be it by the end of the exchange. */
    private @Nullable Runnable afterCallback;

    private int callbacksLeft = Integer.MAX_VALUE;
    /** For timers; made when one is asked for. */
    private @Nullable EmbeddedChannel clock;

    // Below: under the lock of this object.
    private Phase phase = Phase.NEW;
    private FakeHeads.@Nullable Response response;
    private @Nullable HttpAnswer answer;
    private @Nullable FakeStream stream;
    private boolean inHead;
    private boolean calling;
    private boolean waiting;
    private boolean decided;
    private boolean skipped;
    private boolean respondsAsItReads;

    private FakeExchange(String method, String target) {
        request = new FakeHeads.Request(method, target);
        request.fields.sent("Host", request.authority);
    }

    /** A GET from 192.0.2.1 for this target, with no field but Host. */
    public static FakeExchange get(String target) {
        return new FakeExchange("GET", target);
    }

    /** Another method. */
    public static FakeExchange of(String method, String target) {
        return new FakeExchange(method, target);
    }

    // ---- what the client sends -------------------------------------------------------------------------------------

    /** One more field of the request, also one of the service's own. */
    public FakeExchange with(String name, String value) {
        request.fields.sent(name, value);
        return this;
    }

    /** Another method. */
    public FakeExchange method(String method) {
        request.method = method;
        return this;
    }

    /** Another path and query. */
    public FakeExchange target(String target) {
        request.target = target;
        return this;
    }

    /** The host that the client asks for; empty: it does not say. */
    public FakeExchange authority(String authority) {
        request.authority = authority;
        request.fields.drop("Host");
        if (!authority.isEmpty()) {
            request.fields.sent("Host", authority);
        }
        return this;
    }

    /** For example {@code HTTP/2}; HTTP/1.1 at first. */
    public FakeExchange version(String version) {
        request.version = version;
        return this;
    }

    /** {@code http} or {@code https}. */
    public FakeExchange scheme(String scheme) {
        request.scheme = scheme;
        return this;
    }

    /** The client's address, as an IP address in text. */
    public FakeExchange client(String address) {
        return facts(new ConnectionFacts(new InetSocketAddress(address, PORT), facts.server()));
    }

    /** All that is known of the connection. */
    public FakeExchange facts(ConnectionFacts known) {
        facts = known;
        return this;
    }

    /** The name of the route. */
    public FakeExchange route(String name) {
        route = name;
        return this;
    }

    /** A body of a known length, in UTF-8. */
    public FakeExchange body(String text) {
        return body(text.getBytes(StandardCharsets.UTF_8));
    }

    /** A body of a known length. */
    public FakeExchange body(byte[] bytes) {
        requestBody = bytes.clone();
        request.length(bytes.length);
        return this;
    }

    /** The length of the request's body is not known before its end. */
    public FakeExchange chunked() {
        request.length(-1);
        return this;
    }

    /** A field behind the body. */
    public FakeExchange trailer(String name, String value) {
        FakeFields more = trailers == null ? new FakeFields() : trailers;
        more.sent(name, value);
        trailers = more;
        return this;
    }

    /** Bodies come in pieces of this many bytes. */
    public FakeExchange pieces(int bytes) {
        pieceBytes = bytes;
        return this;
    }

    /** The client takes one piece of a stream at a time. */
    public FakeExchange slow() {
        slowClient = true;
        return this;
    }

    /** When what happened, from now on. */
    public FakeExchange at(HttpTimings now) {
        timings = now;
        return this;
    }

    /** The server that was asked, and how often another one was tried before. */
    public FakeExchange servedBy(String address, int tries) {
        server = address;
        retries = tries;
        return this;
    }

    /** How long a wait may last before it counts as one without an end; 10 s at first. */
    public FakeExchange patience(Duration longest) {
        patience = longest;
        return this;
    }

    // ---- what happens ----------------------------------------------------------------------------------------------

    /** The request comes to a filter, head and body. */
    public FakeExchange meet(HttpFilter met) {
        filter = met;
        begin(() -> met.request(this), met.requestBodyUse(), false);
        return this;
    }

    /** The request comes to a handler, head and body. */
    public FakeExchange meet(HttpHandler met) {
        handler = met;
        begin(() -> met.handle(this), met.requestBodyUse(), true);
        return this;
    }

    private void begin(Supplier<HttpVerdict> head, HttpBodyUse use, boolean handles) {
        enter(Phase.NEW, Phase.REQUEST);
        next = () -> {
            inHead = true;
            call("request", head, () -> {
                inHead = false;
                requestHeadPassed(use, handles);
            });
        };
        run();
    }

    private void requestHeadPassed(HttpBodyUse use, boolean handles) {
        boolean wants = use.kind() != HttpBodyUse.Kind.NONE && !skipped;
        skipped = false;
        if (handles && !wants) {
            throw new AssertionError("a handler that wants no body neither answered nor waits: it returned CONTINUE");
        }
        boolean has = requestBody.length > 0 || request.contentLength < 0;
        if (wants && (has || handles)) {
            if (use.kind() == HttpBodyUse.Kind.WHOLE && requestBody.length > use.limitBytes()) {
                answeredByService(TOO_LARGE);
                return;
            }
            if (use.kind() == HttpBodyUse.Kind.TRANSFORM) {
                request.length(-1);
            }
            requestBodyPiece(use.kind(), 0, handles);
        } else {
            forwarded.writeBytes(requestBody);
            requestBytes = requestBody.length;
            requestPassed();
        }
    }

    private void requestBodyPiece(HttpBodyUse.Kind kind, int from, boolean handles) {
        int to = pieceEnd(kind, from, requestBody.length);
        boolean last = to == requestBody.length;
        FakeBody body = piece(kind, requestBody, from, to, last ? trailers : null);
        requestBytes = to;
        HttpFilter met = filter;
        HttpHandler handling = handler;
        Supplier<HttpVerdict> callback = () -> met != null
                ? met.requestBody(this, body)
                : handling != null ? handling.requestBody(this, body) : HttpVerdict.CONTINUE;
        next = () -> call("requestBody", callback, () -> forwarded.writeBytes(body.finish()), () -> {
            if (stream != null && (last || stream.isEnded())) {
                answeredByPlugin();
            } else if (!last) {
                requestBodyPiece(kind, to, handles);
            } else if (handles) {
                throw new AssertionError("a handler has to answer, or to wait, by the last piece of the body");
            } else {
                if (kind == HttpBodyUse.Kind.WHOLE) {
                    request.length(forwarded.size());
                }
                requestPassed();
            }
        });
    }

    private int pieceEnd(HttpBodyUse.Kind kind, int from, int length) {
        return kind == HttpBodyUse.Kind.WHOLE ? length : (int) Math.min(length, (long) from + pieceBytes);
    }

    private FakeBody piece(HttpBodyUse.Kind kind, byte[] whole, int from, int to, @Nullable FakeFields behind) {
        byte[] bytes = Arrays.copyOfRange(whole, from, to);
        ByteBuf buffer = allocator.buffer(Math.max(1, bytes.length)).writeBytes(bytes);
        boolean replaceable = kind == HttpBodyUse.Kind.TRANSFORM || kind == HttpBodyUse.Kind.WHOLE;
        return new FakeBody(bytes, buffer, to == whole.length, replaceable, behind);
    }

    private void requestPassed() {
        request.onItsWay = true;
        synchronized (this) {
            phase = Phase.PASSED;
        }
    }

    /** The server responds, with a body of a known length. */
    public FakeExchange respond(HttpAnswer head) {
        byte[] bytes = ByteBufUtil.getBytes(Unpooled.wrappedBuffer(head.body()));
        return respond(head, bytes, bytes.length);
    }

    /** The server responds, with a body whose length is not known before its end. */
    public FakeExchange respondChunked(HttpAnswer head) {
        return respond(head, ByteBufUtil.getBytes(Unpooled.wrappedBuffer(head.body())), -1);
    }

    private FakeExchange respond(HttpAnswer head, byte[] bytes, long length) {
        HttpFilter met = filter;
        if (met == null) {
            throw new IllegalStateException("an exchange that met no filter gets no response");
        }
        settle();
        enter(Phase.PASSED, Phase.RESPONSE_HEAD);
        boolean bodiless = request.method().equals("HEAD") || FakeHeads.isBodiless(head.status());
        responseBody = bodiless ? NOTHING : bytes;
        FakeHeads.Response made = new FakeHeads.Response(head, bodiless ? 0 : length);
        synchronized (this) {
            response = made;
        }
        next = () -> {
            inHead = true;
            call("response", () -> met.response(this), () -> {
                inHead = false;
                responseHeadPassed(met, made);
            });
        };
        run();
        return this;
    }

    private void responseHeadPassed(HttpFilter met, FakeHeads.Response head) {
        HttpBodyUse use = met.responseBodyUse();
        boolean wants = use.kind() != HttpBodyUse.Kind.NONE && !skipped;
        skipped = false;
        synchronized (this) {
            phase = Phase.RESPONSE_BODY;
        }
        if (wants && head.contentLength != 0) {
            if (use.kind() == HttpBodyUse.Kind.WHOLE && responseBody.length > use.limitBytes()) {
                answeredByService(BAD_GATEWAY);
                return;
            }
            if (use.kind() == HttpBodyUse.Kind.TRANSFORM) {
                head.length(-1);
            }
            responseBodyPiece(met, head, use.kind(), 0);
        } else {
            received.writeBytes(responseBody);
            done();
        }
    }

    private void responseBodyPiece(HttpFilter met, FakeHeads.Response head, HttpBodyUse.Kind kind, int from) {
        int to = pieceEnd(kind, from, responseBody.length);
        boolean last = to == responseBody.length;
        FakeBody body = piece(kind, responseBody, from, to, null);
        next = () -> call(
                "responseBody",
                () -> {
                    HttpVerdict verdict = met.responseBody(this, body);
                    if (verdict == HttpVerdict.ANSWERED) {
                        throw new AssertionError("responseBody returned ANSWERED: the response has begun already");
                    }
                    return verdict;
                },
                () -> received.writeBytes(body.finish()),
                () -> {
                    if (!last) {
                        responseBodyPiece(met, head, kind, to);
                        return;
                    }
                    if (kind == HttpBodyUse.Kind.WHOLE) {
                        head.length(received.size());
                    }
                    done();
                });
    }

    private synchronized void done() {
        phase = Phase.DONE;
    }

    private void answeredByService(int status) {
        synchronized (this) {
            HttpAnswer own = HttpAnswer.of(status);
            response = new FakeHeads.Response(own, 0);
            phase = Phase.DONE;
        }
    }

    /** The exchange is over, with a whole response. */
    public FakeExchange end() {
        settle();
        if (phase != Phase.DONE) {
            throw new IllegalStateException("there is no whole response: the exchange is in " + phase);
        }
        return end(HttpOutcome.Kind.COMPLETE);
    }

    /** The exchange is over in this way, wherever it is, also during a wait. */
    public FakeExchange end(HttpOutcome.Kind how) {
        FakeStream open;
        synchronized (this) {
            if (phase == Phase.NEW || phase == Phase.ENDED) {
                throw new IllegalStateException("the exchange is in " + phase);
            }
            phase = Phase.ENDED;
            waiting = false;
            next = null;
            open = stream;
        }
        if (open != null) {
            open.exchangeOver();
        }
        Runnable dropped = afterCallback;
        afterCallback = null;
        if (dropped != null) {
            dropped.run();
        }
        HttpOutcome outcome = new HttpOutcome(how, how == HttpOutcome.Kind.CUT ? "shutdown" : null);
        if (filter != null) {
            filter.end(this, outcome);
        } else if (handler != null) {
            handler.end(this, outcome);
        }
        if (clock != null && clock.runScheduledPendingTasks() >= 0) {
            throw new AssertionError("a timer is left behind at the end of the exchange");
        }
        long bytes = allocator.metric().usedHeapMemory() + allocator.metric().usedDirectMemory();
        if (bytes != 0) {
            throw new AssertionError("buffers of " + bytes + " bytes were not released by the end of the exchange");
        }
        return this;
    }

    // ---- how it continues
    // --------------------------------------------------------------------------------------------

    private void call(String name, Supplier<HttpVerdict> callback, Runnable then) {
        call(name, callback, () -> {}, then);
    }

    private void call(String name, Supplier<HttpVerdict> callback, Runnable after, Runnable then) {
        callbacksLeft--;
        synchronized (this) {
            calling = true;
            decided = false;
        }
        afterCallback = after;
        HttpVerdict verdict;
        try {
            verdict = callback.get();
        } catch (RuntimeException | Error thrown) {
            afterCallback = null;
            after.run();
            throw thrown;
        } finally {
            synchronized (this) {
                calling = false;
            }
        }
        if (inHead) { // how often a body is called for, depends on its pieces
            verdicts.append(name).append(' ').append(verdict).append('\n');
        }
        synchronized (this) {
            boolean answered = hasAnswer();
            if (verdict == HttpVerdict.CONTINUE && stream != null && readsBody()) {
                respondsAsItReads = true;
            }
            if (verdict == HttpVerdict.CONTINUE && answered && !respondsAsItReads) {
                throw new AssertionError(name + " returned CONTINUE although it has answered");
            }
            if (verdict == HttpVerdict.ANSWERED && !answered) {
                throw new AssertionError(name + " returned ANSWERED and has not called answer");
            }
            waiting = verdict == HttpVerdict.WAIT && !decided;
        }
        next = () -> {
            afterCallback = null;
            after.run();
            inHead = false;
            if (hasAnswer() && !respondsAsItReads) {
                answeredByPlugin();
            } else {
                then.run();
            }
        };
    }

    private boolean readsBody() {
        return handler != null && handler.requestBodyUse().kind() != HttpBodyUse.Kind.NONE && !skipped;
    }

    private synchronized boolean hasAnswer() {
        return answer != null || stream != null;
    }

    private void answeredByPlugin() {
        HttpAnswer given = answer;
        FakeStream open = stream;
        if (open != null) {
            next = open.isEnded() ? this::done : null;
        } else if (given != null) {
            byte[] bytes = ByteBufUtil.getBytes(Unpooled.wrappedBuffer(given.body()));
            boolean bodiless = request.method().equals("HEAD") || FakeHeads.isBodiless(given.status());
            received.reset();
            received.writeBytes(bodiless ? NOTHING : bytes);
            synchronized (this) {
                response = new FakeHeads.Response(given, bodiless ? 0 : bytes.length);
                phase = Phase.DONE;
            }
        }
    }

    private void run() {
        while (mayRun()) {
            Runnable step = next;
            next = null;
            if (step == null) {
                return;
            }
            step.run();
        }
    }

    /** A handler that responds as it reads gets no more to read than the client takes. */
    private boolean mayRun() {
        return !isWaiting() && callbacksLeft > 0 && (stream == null || !stream.isFull());
    }

    /** Nothing continues after this many callbacks. */
    FakeExchange stopAfter(int callbacks) {
        callbacksLeft = callbacks;
        return this;
    }

    boolean isStopped() {
        return callbacksLeft == 0;
    }

    /** True if the filter or handler waits. */
    public synchronized boolean isWaiting() {
        return waiting;
    }

    /**
     * Waits until the filter or handler has been resumed or has answered, and a stream has ended; then continues.
     *
     * @throws AssertionError if that takes too long
     */
    public FakeExchange settle() {
        long deadline = System.nanoTime() + patience.toNanos();
        run();
        while (!isSettled()) {
            Runnable ready = stream == null ? null : stream.nextReady();
            if (ready != null) {
                ready.run();
            } else if (!(next != null && mayRun()) && !timePasses()) {
                pause(deadline);
            }
            run();
        }
        return this;
    }

    /** Nothing else can happen: the next timer of {@link #executor} is due; false: there is none. */
    private boolean timePasses() {
        EmbeddedChannel timers = clock;
        if (timers == null) {
            return false;
        }
        long nanos = timers.runScheduledPendingTasks();
        if (nanos < 0) {
            return false;
        }
        timers.advanceTimeBy(nanos, TimeUnit.NANOSECONDS);
        timers.runPendingTasks();
        return true;
    }

    private synchronized boolean isSettled() {
        FakeStream open = stream;
        if (open != null && open.isEnded() && !waiting && phase != Phase.ENDED) {
            phase = Phase.DONE;
        }
        return !waiting && (open == null || open.isEnded());
    }

    /** One look in the loop of {@link #settle}: woken for nothing, it looks again. */
    @SuppressWarnings("WaitNotInLoop")
    private synchronized void pause(long deadline) {
        if (isSettled()) {
            return;
        }
        long left = (deadline - System.nanoTime()) / 1_000_000;
        if (left <= 0) {
            throw new AssertionError(
                    waiting
                            ? "WAIT was returned, and neither resume nor answer was called within " + patience
                            : "a stream was begun, and not ended within " + patience);
        }
        try {
            // A slow client takes what was written after a moment, without a word to this thread.
            wait(stream == null ? left : Math.min(left, 10));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    // ---- what has become of it -------------------------------------------------------------------------------------

    /** True if the filter has let the request pass. */
    public boolean isPassed() {
        return request.onItsWay;
    }

    /** What the filter or handler has answered, not what the service did. */
    public synchronized Optional<HttpAnswer> answered() {
        return Optional.ofNullable(answer);
    }

    /** The body that went to the server, as UTF-8. */
    public String forwarded() {
        return forwarded.toString(StandardCharsets.UTF_8);
    }

    /** The body that the client got, as UTF-8. */
    public String received() {
        return new String(receivedBytes(), StandardCharsets.UTF_8);
    }

    /** The body that the client got. */
    public byte[] receivedBytes() {
        FakeStream open = stream;
        return open == null ? received.toByteArray() : open.written();
    }

    /** The fields behind the body that a handler has ended its stream with, a line each. */
    public String trailers() {
        return stream == null ? "" : stream.trailers();
    }

    /** True if a handler has aborted its stream. */
    public boolean isAborted() {
        return stream != null && stream.isAborted();
    }

    /** How often a handler wrote although the client had enough. */
    int writesWhileFull() {
        return stream == null ? 0 : stream.writesWhileFull();
    }

    /** The response as the client got it. */
    public HttpResponse got() {
        if (!hasResponse()) {
            throw new AssertionError("there is no response");
        }
        return response();
    }

    /**
     * All that can be seen of the exchange from outside.
     *
     * @param bodyAsRead the response's body as the client understands it
     */
    String transcript(String bodyAsRead) {
        HttpResponse head = hasResponse() ? response() : null;
        return verdicts + request.method() + ' ' + request.target() + ' ' + request.authority()
                + '\n' + request.fields + '\n' + forwarded.toString(StandardCharsets.ISO_8859_1) + "\n"
                + (head == null ? "no response" : head.status() + "\n" + head.fields() + '\n' + bodyAsRead);
    }

    // ---- HttpExchange ----------------------------------------------------------------------------------------------

    private synchronized void enter(Phase from, Phase to) {
        if (phase != from) {
            throw new IllegalStateException("the exchange is in " + phase + ", not in " + from);
        }
        phase = to;
    }

    @Override
    public HttpRequest request() {
        return request;
    }

    @Override
    public synchronized HttpResponse response() {
        if (response == null) {
            throw new IllegalStateException("there is no response yet");
        }
        return response;
    }

    @Override
    public synchronized boolean hasResponse() {
        return response != null;
    }

    @Override
    public ConnectionFacts facts() {
        return facts;
    }

    @Override
    public String service() {
        return service;
    }

    @Override
    public String route() {
        return route;
    }

    @Override
    public @Nullable String server() {
        return server;
    }

    @Override
    public int retries() {
        return retries;
    }

    @Override
    public HttpTimings timings() {
        return timings;
    }

    @Override
    public long requestBytes() {
        return requestBytes;
    }

    @Override
    public long responseBytes() {
        return receivedBytes().length;
    }

    @Override
    @SuppressWarnings("unchecked") // what is under a key was put there with its type
    public synchronized <T> @Nullable T get(HttpAttribute<T> key) {
        return (T) attributes.get(key);
    }

    @Override
    public synchronized <T> void set(HttpAttribute<T> key, @Nullable T value) {
        if (value == null) {
            attributes.remove(key);
        } else {
            attributes.put(key, value);
        }
    }

    @Override
    public void skipBody() {
        if (!inHead) {
            throw new IllegalStateException("skipBody is for the callback of a head");
        }
        skipped = true;
    }

    @Override
    public synchronized void resume() {
        if (calling || waiting) {
            decided = true;
            waiting = false;
            notifyAll();
        }
    }

    @Override
    public synchronized void answer(HttpAnswer given) {
        checkMayAnswer(given);
        answer = given;
        decided = true;
        waiting = false;
        notifyAll();
    }

    private void checkMayAnswer(HttpAnswer given) {
        given.fields().forEach(field -> FakeFields.checkChange(field.name(), field.value()));
        if (phase == Phase.RESPONSE_BODY || phase == Phase.DONE || phase == Phase.ENDED || hasAnswer()) {
            throw new IllegalStateException("the head of a response has been written already");
        }
        if (!calling && !waiting) {
            throw new IllegalStateException("no callback runs, and none waits");
        }
    }

    @Override
    public synchronized HttpStream stream(HttpAnswer head, long length) {
        checkMayAnswer(head);
        if (handler == null) {
            throw new IllegalStateException("streams are for handlers");
        }
        if (length >= 0 && head.body().remaining() > length) {
            throw new IllegalArgumentException("the first piece is longer than " + length + " bytes");
        }
        response = new FakeHeads.Response(head, length);
        phase = Phase.RESPONSE_BODY;
        FakeStream begun = new FakeStream(this, slowClient, length);
        if (request.method().equals("HEAD") || FakeHeads.isBodiless(head.status())) {
            begun.withoutBody();
        }
        stream = begun;
        if (head.body().hasRemaining()) {
            begun.write(Unpooled.copiedBuffer(head.body()));
        }
        decided = true;
        waiting = false;
        notifyAll();
        return begun;
    }

    /** Its time stands still, and passes in {@link #settle} when nothing else can happen. */
    @Override
    public EventExecutor executor() {
        EmbeddedChannel timers = clock;
        if (timers == null) {
            timers = new EmbeddedChannel();
            timers.freezeTime();
            clock = timers;
        }
        return timers.eventLoop();
    }

    @Override
    public ByteBufAllocator allocator() {
        return allocator;
    }
}
