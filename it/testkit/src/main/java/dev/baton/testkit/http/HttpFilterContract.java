package dev.baton.testkit.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpOutcome;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What every HTTP filter promises, on {@link FakeExchange}s: it throws for no message, however odd; a wait ends; a body
 * that comes in pieces is treated as one that comes whole; exchanges that run at the same time have nothing to do with
 * each other, also on several threads; every buffer is given back, wherever an exchange ends. A filter's test extends
 * this.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
public abstract class HttpFilterContract {
    private static final int THREADS = 4;
    private static final int EXCHANGES = 200;
    private static final int[] PIECES = {1, 7, 1_000};
    private static final String BODY = "a request body, with some text in it. ";

    /** For a filter's test. */
    protected HttpFilterContract() {}

    /** A new filter, all of one configuration; asked several times a test. */
    protected abstract HttpFilter filter();

    /** A new request that the filter lets pass. */
    protected FakeExchange passing() {
        return FakeExchange.get("/shop?item=7").with("Accept", "text/html").with("User-Agent", "test");
    }

    /** A new request that the filter answers itself; empty if it lets everything pass. */
    protected Optional<FakeExchange> refused() {
        return Optional.empty();
    }

    /** What the server responds. */
    protected HttpAnswer served() {
        return HttpAnswer.of(200).text("a response body, with some more text in it. ".repeat(50));
    }

    /** The body that the client got, as a client reads it: for a filter that encodes, the decoded one. */
    protected byte[] read(FakeExchange exchange) {
        return exchange.receivedBytes();
    }

    /** Replaces what is new in each exchange, for example a number that the filter draws, by something constant. */
    protected String withoutWhatIsNew(String transcript) {
        return transcript;
    }

    private String transcript(FakeExchange exchange) {
        return withoutWhatIsNew(exchange.transcript(new String(read(exchange), StandardCharsets.ISO_8859_1)));
    }

    private static FakeExchange withBody(FakeExchange exchange) {
        return exchange.method("POST").body(BODY.repeat(10));
    }

    /** The rest of an exchange that has met a filter. */
    private static FakeExchange finish(FakeExchange exchange, HttpAnswer served) {
        exchange.settle();
        if (exchange.isPassed()) {
            exchange.respond(served);
        }
        return exchange.end();
    }

    private String alone(FakeExchange exchange, HttpAnswer served) {
        HttpFilter filter = filter();
        String transcript = transcript(finish(exchange.meet(filter), served));
        filter.close();
        return transcript;
    }

    // ---- each exchange ---------------------------------------------------------------------------------------------

    @Test
    final void shouldLetPassWhatItShould() {
        HttpFilter filter = filter();
        FakeExchange exchange = passing().meet(filter).settle();
        assertThat(exchange.isPassed())
                .as("the request of passing() goes on to the server")
                .isTrue();
        exchange.respond(served()).end();
        filter.close();
    }

    @Test
    final void shouldAnswerWhatItRefuses() {
        refused().ifPresent(request -> {
            HttpFilter filter = filter();
            FakeExchange exchange = request.meet(filter).settle();
            assertThat(exchange.isPassed())
                    .as("the request of refused() does not go on to the server")
                    .isFalse();
            assertThat(exchange.hasResponse()).as("it is answered").isTrue();
            exchange.end();
            filter.close();
        });
    }

    /** Whatever is allowed in a request may come from anyone. */
    @Test
    final void shouldTakeAnyRequest() {
        HttpFilter filter = filter();
        NastyMessages.requests().forEach((name, nasty) -> {
            takes(name, filter, nasty.apply(passing()), served());
            refused().ifPresent(request -> takes(name, filter, nasty.apply(request), served()));
        });
        filter.close();
    }

    /** Servers are no better than clients. */
    @Test
    final void shouldTakeAnyResponse() {
        HttpFilter filter = filter();
        NastyMessages.responses().forEach((name, response) -> {
            takes(name, filter, passing(), response);
            takes(name + " to HEAD", filter, passing().method("HEAD"), response);
        });
        filter.close();
    }

    private static void takes(String name, HttpFilter filter, FakeExchange exchange, HttpAnswer served) {
        assertThatCode(() -> finish(exchange.meet(filter), served))
                .as("a filter throws for no message: %s", name)
                .doesNotThrowAnyException();
    }

    /** How bytes are cut into pieces is an accident of the network. */
    @Test
    final void shouldTreatPiecesAsTheWhole() {
        String whole = alone(withBody(passing()), served());
        for (int bytes : PIECES) {
            assertThat(alone(withBody(passing()).pieces(bytes), served()))
                    .as("bodies in pieces of %d bytes are treated as those that come whole", bytes)
                    .isEqualTo(whole);
        }
    }

    /** A client leaves, or the service cuts the exchange, after any callback. */
    @Test
    final void shouldGiveEverythingBackWhereverTheExchangeEnds() {
        HttpFilter filter = filter();
        for (HttpOutcome.Kind kind : HttpOutcome.Kind.values()) {
            if (kind != HttpOutcome.Kind.COMPLETE) {
                endsEverywhere(filter, kind, this::passing);
                endsEverywhere(filter, kind, () -> refused().orElseGet(this::passing));
            }
        }
        filter.close();
    }

    private void endsEverywhere(HttpFilter filter, HttpOutcome.Kind kind, Supplier<FakeExchange> request) {
        boolean more = true;
        for (int callbacks = 1; more; callbacks++) {
            FakeExchange exchange =
                    withBody(request.get()).pieces(100).stopAfter(callbacks).meet(filter);
            int after = callbacks;
            if (!exchange.isStopped()) {
                exchange.settle();
                if (exchange.isPassed()) {
                    exchange.respond(served());
                }
            }
            more = exchange.isStopped();
            assertThatCode(() -> exchange.end(kind))
                    .as("an exchange may end after any callback: %s after %d", kind, after)
                    .doesNotThrowAnyException();
        }
    }

    // ---- several exchanges -----------------------------------------------------------------------------------------

    /** One instance serves all exchanges: what belongs to one is kept in it. */
    @Test
    final void shouldKeepExchangesApart() {
        HttpAnswer other = HttpAnswer.of(404).with("X-Other", "1").text("there is no such page");
        String first = alone(withBody(passing()), served());
        String second = alone(passing(), other);

        HttpFilter filter = filter();
        FakeExchange one = withBody(passing()).meet(filter).settle();
        FakeExchange two = passing().meet(filter).settle();
        refused().ifPresent(request -> request.meet(filter).end());
        one.respond(served());
        two.respond(other);
        two.end();
        one.end();
        filter.close();
        String because = "an exchange is treated as if it were the only one";
        assertThat(transcript(one)).as(because).isEqualTo(first);
        assertThat(transcript(two)).as(because).isEqualTo(second);
    }

    /** Exchanges of different connections run on different loops. */
    @Test
    final void shouldServeManyThreads() throws Exception {
        HttpAnswer other = HttpAnswer.of(404).text("there is no such page");
        String first = alone(withBody(passing()), served());
        String second = alone(passing(), other);
        HttpFilter filter = filter();
        CyclicBarrier start = new CyclicBarrier(THREADS);
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<?>> runs = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                boolean even = i % 2 == 0;
                runs.add(threads.submit(() -> {
                    start.await();
                    for (int each = 0; each < EXCHANGES; each++) {
                        FakeExchange exchange = even ? withBody(passing()) : passing();
                        finish(exchange.meet(filter), even ? served() : other);
                        assertThat(transcript(exchange))
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
        filter.close();
    }

    /** A filter of a file that is only checked, or of a service that had no request. */
    @Test
    final void shouldCloseUnused() {
        assertThatCode(() -> filter().close()).as("close without an exchange").doesNotThrowAnyException();
    }
}
