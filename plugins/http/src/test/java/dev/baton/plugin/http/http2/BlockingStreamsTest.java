package dev.baton.plugin.http.http2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.Bench;
import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.spi.config.Choice;
import dev.baton.spi.http.HttpBody;
import dev.baton.spi.http.HttpBodyUse;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpFilterOptions;
import dev.baton.spi.http.HttpFilterOptions.OnFailure;
import dev.baton.spi.http.HttpOutcome;
import dev.baton.spi.http.HttpVerdict;
import dev.baton.spi.threading.Blocking;
import io.netty.handler.codec.http2.Http2Error;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Streams of one connection whose callbacks run on workers: each waits for itself. They shared one wait, so the second
 * was answered with 503, and the first kept all others from being read.
 */
class BlockingStreamsTest {
    /** More than the window of a stream has room for, in two pieces. */
    private static final int HALF_WINDOW = 32 * 1024;

    private final List<String> log = new ArrayList<>();
    private Runnable inRequest = () -> {};

    @Blocking
    private final class Slow implements HttpFilter {
        @Override
        public HttpBodyUse requestBodyUse() {
            return HttpBodyUse.STREAM;
        }

        @Override
        public HttpVerdict request(HttpExchange exchange) {
            inRequest.run();
            log.add(exchange.request().target());
            return HttpVerdict.CONTINUE;
        }

        @Override
        public HttpVerdict requestBody(HttpExchange exchange, HttpBody body) {
            return HttpVerdict.CONTINUE;
        }

        @Override
        public void end(HttpExchange exchange, HttpOutcome outcome) {
            log.add("end of " + exchange.request().target());
        }
    }

    private record NoSettings() {}

    private Bench bench(Ends ends) {
        Choice<HttpFilter> slow = new Choice<>(
                HttpFilter.class,
                "slow",
                new NoSettings(),
                new HttpFilterOptions(OnFailure.REFUSE, Duration.ofSeconds(2), Duration.ofMillis(20)));
        return new Bench(ends, Bench.config(true, List.of(slow)), Map.of("slow", new Slow()));
    }

    private static void work(Bench bench) {
        while (!bench.work.isEmpty()) {
            bench.work.remove().run();
            bench.settle();
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldWaitForItself(Ends ends) {
        try (Bench bench = bench(ends)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.get(1, "/a"), client.get(3, "/b"));
            assertThat(client.frames()).isEmpty();
            bench.work.removeLast().run();
            bench.settle();
            assertThat(bench.toServer(0)).startsWith("GET /b ");
            client.send(client.get(5, "/c"));
            bench.work.removeLast().run();
            bench.settle();
            assertThat(bench.toServer(1)).startsWith("GET /c ");
            bench.work.remove().run();
            bench.settle();
            assertThat(bench.toServer(2)).startsWith("GET /a ");
            assertThat(log).containsExactly("/b", "/c", "/a");
            for (int i = 0; i < 3; i++) {
                bench.answer(i, "HTTP/1.1 204 No Content\r\n\r\n");
            }
            work(bench);
            assertThat(client.frames())
                    .containsExactlyInAnyOrder(
                            "HEADERS 1 :status=204 END", "HEADERS 3 :status=204 END", "HEADERS 5 :status=204 END");
            assertThat(bench.refusals(Refusal.FILTER_BUSY)).isZero();
        }
    }

    /** The client may send no more of it than the window of the stream holds, and as much of others as before. */
    @ParameterizedTest
    @EnumSource
    void shouldHoldItsOwnBodyBack(Ends ends) {
        try (Bench bench = bench(ends)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.post(1, "/a"), client.post(3, "/b"));
            bench.work.removeLast().run();
            bench.settle();
            String half = "x".repeat(HALF_WINDOW / 2);
            client.send(Http2Client.data(1, half, false), Http2Client.data(1, half, false));
            assertThat(client.frames())
                    .as("what is held back gives no window back")
                    .isEmpty();

            client.send(Http2Client.data(3, half, false), Http2Client.data(3, half, false));
            bench.work.removeLast().run(); // the first piece of it; the second is kept until then
            bench.settle();
            bench.work.removeLast().run();
            bench.settle();
            assertThat(bench.toServer(0)).contains("POST /b ").hasSizeGreaterThan(HALF_WINDOW);
            assertThat(client.frames()).isNotEmpty().allMatch(each -> each.startsWith("WINDOW 3 "));
            work(bench);
            assertThat(bench.toServer(1)).contains("POST /a ").hasSizeGreaterThan(HALF_WINDOW);
            assertThat(client.frames()).isNotEmpty().allMatch(each -> each.startsWith("WINDOW 1 "));
        }
    }

    /** Else clients that reset what they ask for fill the queue of the workers. */
    @ParameterizedTest
    @EnumSource
    void shouldLeaveTheQueueWithItsStream(Ends ends) {
        try (Bench bench = bench(ends)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.get(1, "/a"), client.get(3, "/b"));
            client.send(Http2Client.reset(1, Http2Error.CANCEL));
            assertThat(bench.work).hasSize(1);
            work(bench);
            assertThat(bench.toServer(0)).startsWith("GET /b ");
            assertThat(log).as("the filter was not called for /a").containsExactly("/b");
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldEndWhenItsCallbackHasReturned(Ends ends) {
        try (Bench bench = bench(ends)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.get(1, "/a"), client.get(3, "/b"));
            inRequest = () -> {
                client.send(Http2Client.reset(1, Http2Error.CANCEL));
                inRequest = () -> {};
            };
            work(bench);
            assertThat(log).containsExactly("/a", "end of /a", "/b");
            assertThat(bench.toServer(0)).startsWith("GET /b ");
        }
    }

    /** Timers of one stream do not end the waits of others. */
    @ParameterizedTest
    @EnumSource
    void shouldTakeTooLongByItself(Ends ends) {
        try (Bench bench = bench(ends)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.get(1, "/a"));
            bench.pass(1);
            client.send(client.get(3, "/b"));
            bench.pass(1);
            List<String> frames = client.frames();
            assertThat(frames).first().asString().startsWith("HEADERS 1 :status=503");
            assertThat(frames).noneMatch(each -> each.contains(" 3 "));
            assertThat(bench.work).hasSize(1);
            work(bench);
            assertThat(bench.toServer(0)).startsWith("GET /b ");
        }
    }
}
