package dev.baton.plugin.demoorigin;

import dev.baton.spi.Configured;
import dev.baton.spi.config.ByteSize;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpAttribute;
import dev.baton.spi.http.HttpBody;
import dev.baton.spi.http.HttpBodyUse;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpHandler;
import dev.baton.spi.http.HttpOutcome;
import dev.baton.spi.http.HttpRequest;
import dev.baton.spi.http.HttpStream;
import dev.baton.spi.http.HttpVerdict;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.Loops;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.concurrent.Future;
import jakarta.inject.Inject;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * A small HTTP origin to put behind a proxy: says who answered, sends bytes, waits, echoes. It shows the ways in which
 * a handler can respond: with a whole answer, after a wait, with a stream at the client's pace, and with a stream of
 * the request's body as it arrives.
 *
 * <p>One instance serves all exchanges of a route. What belongs to one exchange is in its attributes.
 */
public final class DemoOrigin implements HttpHandler {
    /** A piece of {@code /bytes/N}: 64 characters again and again, so that a reader can tell what belongs where. */
    private static final ByteBuf PIECE = piece();

    private static final int PIECE_BYTES = PIECE.readableBytes();

    private static final String TEXT = "text/plain; charset=utf-8";
    private static final String HTML = "text/html; charset=utf-8";
    private static final String ASCII = "text/plain; charset=us-ascii";
    private static final String OCTETS = "application/octet-stream";

    private static final HttpAttribute<HttpStream> ECHO = HttpAttribute.named("echo");
    private static final HttpAttribute<Future<?>> TIMER = HttpAttribute.named("timer");

    private final Settings settings;
    private final Loops loops;

    /**
     * The keys.
     *
     * @param maxBytes the largest N of {@code /bytes/N}
     * @param maxDelay the longest {@code /delay/MS}; the handler's {@code timeout} ends longer ones
     */
    public record Settings(
            @Default("16GiB") ByteSize maxBytes,
            @Default("5s") @Range(min = "0s", max = "1h") Duration maxDelay) {}

    /** Makes one for each route. */
    static final class Factory implements Configured<Settings, HttpHandler> {
        private final Loops loops;

        @Inject
        Factory(Loops loops) {
            this.loops = loops;
        }

        @Override
        public HttpHandler create(Settings settings) {
            return new DemoOrigin(settings, loops);
        }
    }

    /**
     * For one route.
     *
     * @param loops to say which loop answers
     */
    public DemoOrigin(Settings settings, Loops loops) {
        this.settings = settings;
        this.loops = loops;
    }

    private static ByteBuf piece() {
        String line = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-\n";
        byte[] lines = line.repeat(1024).getBytes(StandardCharsets.US_ASCII);
        return Unpooled.unreleasableBuffer(Unpooled.directBuffer(lines.length).writeBytes(lines));
    }

    @Override
    public HttpBodyUse requestBodyUse() {
        return HttpBodyUse.STREAM;
    }

    @Override
    public HttpVerdict handle(HttpExchange exchange) {
        HttpRequest request = exchange.request();
        Wanted wanted = Wanted.of(request.path(), settings);
        if (wanted.kind() == Wanted.Kind.ECHO && !isHead(request)) {
            String type = request.fields().get("Content-Type");
            HttpAnswer head = head(exchange, HttpAnswer.of(200)).with("Content-Type", type != null ? type : OCTETS);
            exchange.set(ECHO, exchange.stream(head, request.contentLength()));
            return HttpVerdict.CONTINUE;
        }
        // A wrong request is refused without its body. All others read that first, which keeps the connection.
        return wanted.problem().isEmpty() && request.contentLength() != 0
                ? HttpVerdict.CONTINUE
                : respond(exchange, wanted);
    }

    @Override
    public HttpVerdict requestBody(HttpExchange exchange, HttpBody body) {
        HttpStream echo = exchange.get(ECHO);
        if (echo == null) {
            return body.isLast()
                    ? respond(exchange, Wanted.of(exchange.request().path(), settings))
                    : HttpVerdict.CONTINUE;
        }
        // No more is read than the client takes, so what write returns does not matter.
        echo.write(body.bytes().retainedSlice());
        if (body.isLast()) {
            end(echo, body);
        }
        return HttpVerdict.CONTINUE;
    }

    private static void end(HttpStream echo, HttpBody last) {
        var trailers = last.trailers();
        if (trailers == null) {
            echo.end();
        } else {
            echo.end(trailers);
        }
    }

    @Override
    public void end(HttpExchange exchange, HttpOutcome outcome) {
        Future<?> timer = exchange.get(TIMER);
        if (timer != null) {
            timer.cancel(false);
        }
    }

    private HttpVerdict respond(HttpExchange exchange, Wanted wanted) {
        switch (wanted.kind()) {
            case PAGE -> answer(exchange, 200, HTML, page(exchange));
            case ECHO -> answer(exchange, 200, OCTETS, "");
            case BAD, NOT_FOUND -> answer(exchange, wanted.kind().status(), TEXT, wanted.problem() + "\n");
            case BYTES -> bytes(exchange, wanted.number());
            case DELAY -> {
                Runnable late = () -> answer(exchange, 200, TEXT, "waited " + wanted.number() + "ms\n");
                exchange.set(TIMER, exchange.executor().schedule(late, wanted.number(), TimeUnit.MILLISECONDS));
                return HttpVerdict.WAIT;
            }
        }
        return HttpVerdict.ANSWERED;
    }

    private void answer(HttpExchange exchange, int status, String type, String text) {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.answer(head(exchange, HttpAnswer.of(status)).body(type, body));
    }

    private void bytes(HttpExchange exchange, long count) {
        HttpAnswer head = head(exchange, HttpAnswer.of(200));
        if (count <= PIECE_BYTES) {
            ByteBuffer all = PIECE.nioBuffer(0, (int) count);
            exchange.answer(head.body(ASCII, all));
            return;
        }
        HttpStream stream = exchange.stream(head.with("Content-Type", ASCII), count);
        if (!isHead(exchange.request())) {
            send(stream, count);
        }
    }

    /** Writes until the client has enough, and again when it takes more. */
    private static void send(HttpStream stream, long count) {
        long left = count;
        boolean more = true;
        while (left > 0 && more) {
            int length = (int) Math.min(left, PIECE_BYTES);
            more = stream.write(PIECE.retainedSlice(0, length));
            left -= length;
        }
        if (left == 0) {
            stream.end();
        } else {
            long rest = left;
            stream.whenReady(() -> send(stream, rest));
        }
    }

    /** The fields of every response: the service, and the loop that owned the connection. */
    private HttpAnswer head(HttpExchange exchange, HttpAnswer answer) {
        return answer.with("x-origin", exchange.service()).with("x-loop", loop());
    }

    private String loop() {
        Loop loop = loops.current();
        return loop == null ? "none" : Integer.toString(loop.id());
    }

    private static boolean isHead(HttpRequest request) {
        return request.method().equals("HEAD");
    }

    private String page(HttpExchange exchange) {
        String name = exchange.service();
        return "<!doctype html>\n<title>" + name + "</title>\n<h1>" + name + "</h1>\n<p>Loop " + loop()
                + " answered.</p>\n<p>Also here: <a href=\"/bytes/1000\">/bytes/N</a> (up to " + settings.maxBytes()
                + "), <a href=\"/delay/100\">/delay/MS</a> (up to "
                + settings.maxDelay().toMillis() + "), /echo.</p>\n";
    }
}
