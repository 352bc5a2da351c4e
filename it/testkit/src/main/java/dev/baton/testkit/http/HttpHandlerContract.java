package dev.baton.testkit.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.baton.spi.http.HttpHandler;
import dev.baton.spi.http.HttpOutcome;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What every HTTP handler promises, on {@link FakeExchange}s: each request gets one whole response, however odd it is
 * and however its body is cut; a client that takes bytes slowly is waited for; exchanges that run at the same time have
 * nothing to do with each other, also on several threads; every buffer is given back, wherever an exchange ends. A
 * handler's test extends this.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
public abstract class HttpHandlerContract {
    private static final int THREADS = 4;
    private static final int EXCHANGES = 200;
    private static final int[] PIECES = {1, 7, 1_000};

    /** For a handler's test. */
    protected HttpHandlerContract() {}

    /** A new handler, all of one configuration; asked several times a test. */
    protected abstract HttpHandler handler();

    /** A new request that the handler has a response for. */
    protected FakeExchange request() {
        return FakeExchange.get("/");
    }

    /** A new request whose response is another one. */
    protected FakeExchange other() {
        return FakeExchange.of("POST", "/other?a=1").body("a body");
    }

    /** Replaces what is new in each exchange, for example the time, by something constant. */
    protected String withoutWhatIsNew(String transcript) {
        return transcript;
    }

    private String transcript(FakeExchange exchange) {
        return withoutWhatIsNew(exchange.transcript(new String(exchange.receivedBytes(), StandardCharsets.ISO_8859_1)));
    }

    private String alone(FakeExchange exchange) {
        HttpHandler handler = handler();
        String transcript = transcript(exchange.meet(handler).end());
        handler.close();
        return transcript;
    }

    @Test
    final void shouldAnswer() {
        HttpHandler handler = handler();
        assertThat(request().meet(handler).end().hasResponse())
                .as("every request is answered")
                .isTrue();
        handler.close();
    }

    /** Whatever is allowed in a request may come from anyone. */
    @Test
    final void shouldTakeAnyRequest() {
        HttpHandler handler = handler();
        NastyMessages.requests()
                .forEach((name, nasty) -> assertThatCode(
                                () -> nasty.apply(request()).meet(handler).end())
                        .as("a handler throws for no request: %s", name)
                        .doesNotThrowAnyException());
        handler.close();
    }

    /** How bytes are cut into pieces is an accident of the network. */
    @Test
    final void shouldTreatPiecesAsTheWhole() {
        String whole = alone(other());
        for (int bytes : PIECES) {
            assertThat(alone(other().pieces(bytes)))
                    .as("bodies in pieces of %d bytes are treated as those that come whole", bytes)
                    .isEqualTo(whole);
        }
    }

    /** What a stream writes although the client has enough stays in memory. */
    @Test
    final void shouldWaitForASlowClient() {
        String fast = alone(request());
        HttpHandler handler = handler();
        FakeExchange slow = request().slow().meet(handler).end();
        handler.close();
        assertThat(slow.writesWhileFull())
                .as("after a write that returned false, nothing is written before whenReady")
                .isZero();
        assertThat(transcript(slow)).isEqualTo(fast);
    }

    /** A client leaves, or the service cuts the exchange, after any callback, and between the pieces of a stream. */
    @Test
    final void shouldGiveEverythingBackWhereverTheExchangeEnds() {
        HttpHandler handler = handler();
        for (HttpOutcome.Kind kind : HttpOutcome.Kind.values()) {
            if (kind == HttpOutcome.Kind.COMPLETE) {
                continue;
            }
            boolean more = true;
            for (int callbacks = 1; more; callbacks++) {
                FakeExchange exchange =
                        other().pieces(1).slow().stopAfter(callbacks).meet(handler);
                more = exchange.isStopped();
                int after = callbacks;
                assertThatCode(() -> exchange.end(kind))
                        .as("an exchange may end after any callback: %s after %d", kind, after)
                        .doesNotThrowAnyException();
            }
        }
        handler.close();
    }

    /** One instance serves all exchanges: what belongs to one is kept in it. */
    @Test
    final void shouldKeepExchangesApart() {
        String first = alone(request());
        String second = alone(other());

        HttpHandler handler = handler();
        FakeExchange one = request().slow().meet(handler);
        FakeExchange two = other().slow().meet(handler);
        two.end();
        one.end();
        handler.close();
        String because = "an exchange is treated as if it were the only one";
        assertThat(transcript(one)).as(because).isEqualTo(first);
        assertThat(transcript(two)).as(because).isEqualTo(second);
    }

    /** Exchanges of different connections run on different loops. */
    @Test
    final void shouldServeManyThreads() throws Exception {
        String first = alone(request());
        String second = alone(other());
        HttpHandler handler = handler();
        CyclicBarrier start = new CyclicBarrier(THREADS);
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<?>> runs = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                boolean even = i % 2 == 0;
                runs.add(threads.submit(() -> {
                    start.await();
                    for (int each = 0; each < EXCHANGES; each++) {
                        FakeExchange exchange = even ? request() : other();
                        assertThat(transcript(exchange.meet(handler).end()))
                                .as("threads do not disturb each other")
                                .isEqualTo(even ? first : second);
                    }
                    return null;
                }));
            }
            for (Future<?> run : runs) {
                run.get(60, TimeUnit.SECONDS);
            }
        } finally {
            threads.shutdownNow();
        }
        handler.close();
    }

    /** A handler of a file that is only checked, or of a service that had no request. */
    @Test
    final void shouldCloseUnused() {
        assertThatCode(() -> handler().close()).as("close without an exchange").doesNotThrowAnyException();
    }
}
