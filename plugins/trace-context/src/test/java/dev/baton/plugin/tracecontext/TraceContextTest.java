package dev.baton.plugin.tracecontext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.baton.spi.config.Percent;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpOutcome;
import dev.baton.testkit.http.FakeExchange;
import dev.baton.testkit.http.HttpFilterContract;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What servers are told of a trace, and what an OTLP receiver gets. */
@Timeout(60)
class TraceContextTest {
    private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
    private static final String SPAN = "00f067aa0ba902b7";
    private static final String PARENT = "00-" + TRACE + "-" + SPAN + "-01";
    /** Flags: 01 sampled, 02 a random trace id. */
    private static final String FORM = "00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]";

    /** What a receiver got. */
    private record Post(String path, String token, String text, String hex) {}

    private final List<Post> posts = new CopyOnWriteArrayList<>();
    private HttpServer receiver;

    @BeforeEach
    void receive() throws Exception {
        receiver = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        receiver.createContext("/", exchange -> {
            byte[] body = exchange.getRequestBody().readAllBytes();
            posts.add(new Post(
                    exchange.getRequestURI().getPath(),
                    exchange.getRequestHeaders().getFirst("Authorization"),
                    new String(body, StandardCharsets.ISO_8859_1),
                    HexFormat.of().formatHex(body)));
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        receiver.start();
    }

    @AfterEach
    void stop() {
        receiver.stop(0);
    }

    private static TraceContext withoutEndpoint(int percent, boolean trust) {
        return new TraceContext(
                new TraceContext.Settings(Optional.empty(), Map.of(), "baton", new Percent(percent), trust),
                new SharedSpans(new Counts()));
    }

    private TraceContext exporting(int percent) {
        return exporting(percent, new SharedSpans(new Counts()));
    }

    private TraceContext exporting(int percent, SharedSpans shared) {
        return new TraceContext(
                new TraceContext.Settings(
                        Optional.of("http://127.0.0.1:" + receiver.getAddress().getPort() + "/v1/traces"),
                        Map.of("Authorization", "Bearer secret"),
                        "shop-edge",
                        new Percent(percent),
                        true),
                shared);
    }

    private static String parent(FakeExchange exchange) {
        assertThat(exchange.request().fields().all("traceparent")).hasSize(1);
        return exchange.request().fields().all("traceparent").get(0);
    }

    // ---- without an endpoint --------------------------------------------------------------------------------------

    @Test
    void shouldPassATraceOnAsItIs() {
        FakeExchange exchange = FakeExchange.get("/")
                .with("Traceparent", PARENT)
                .with("tracestate", "a=1")
                .with("tracestate", "b=2")
                .meet(withoutEndpoint(0, true))
                .respond(HttpAnswer.of(200))
                .end();
        assertThat(parent(exchange)).isEqualTo(PARENT);
        assertThat(exchange.request().fields().all("tracestate")).containsExactly("a=1", "b=2");
    }

    @Test
    void shouldBeginATraceOfItsOwnForEachRequestWithout() {
        Set<String> ids = new HashSet<>();
        TraceContext filter = withoutEndpoint(100, true);
        for (int i = 0; i < 1_000; i++) {
            FakeExchange exchange = FakeExchange.get("/")
                    .meet(filter)
                    .respond(HttpAnswer.of(200))
                    .end();
            assertThat(parent(exchange)).matches(FORM).endsWith("-03");
            ids.add(parent(exchange).substring(3, 35));
        }
        assertThat(ids).hasSize(1_000);
    }

    @Test
    void shouldSampleTheShareOfTracesThatIsAskedFor() {
        assertThat(parent(FakeExchange.get("/").meet(withoutEndpoint(0, true)))).endsWith("-02");
        TraceContext half = withoutEndpoint(50, true);
        long sampled = IntStream.range(0, 1_000)
                .filter(i -> parent(FakeExchange.get("/").meet(half)).endsWith("-03"))
                .count();
        assertThat(sampled).isBetween(300L, 700L);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "00",
                "00-" + TRACE + "-" + SPAN,
                "00-" + TRACE + "-" + SPAN + "-1",
                "00-" + TRACE + "-" + SPAN + "-01-",
                "00-" + TRACE + "-" + SPAN + "-01-more",
                "ff-" + TRACE + "-" + SPAN + "-01",
                "00-00000000000000000000000000000000-" + SPAN + "-01",
                "00-" + TRACE + "-0000000000000000-01",
                "00-4BF92F3577B34DA6A3CE929D0E0E4736-" + SPAN + "-01",
                "00_" + TRACE + "-" + SPAN + "-01",
                "01-" + TRACE + "-" + SPAN + "-01.more"
            })
    void shouldBeginATraceInThePlaceOfOneThatIsWrong(String wrong) {
        FakeExchange exchange = FakeExchange.get("/")
                .with("traceparent", wrong)
                .with("tracestate", "a=1")
                .meet(withoutEndpoint(100, true));
        assertThat(parent(exchange)).matches(FORM).doesNotContain(TRACE);
        assertThat(exchange.request().fields().contains("tracestate")).isFalse();
    }

    @Test
    void shouldBeginATraceInThePlaceOfSeveral() {
        assertThat(parent(FakeExchange.get("/")
                        .with("traceparent", PARENT)
                        .with("traceparent", PARENT)
                        .meet(withoutEndpoint(100, true))))
                .doesNotContain(TRACE);
    }

    @Test
    void shouldReadALaterVersionAsFarAsItIsKnown() {
        assertThat(TraceParent.parse("cc-" + TRACE + "-" + SPAN + "-09-what-else"))
                .isEqualTo(new TraceParent(TRACE, SPAN, "09"));
        assertThat(TraceParent.parse("cc-" + TRACE + "-" + SPAN + "-01-" + "x".repeat(1_000)))
                .isNull();
    }

    @Test
    void shouldNotContinueTheTraceOfAClientThatIsNotTrusted() {
        FakeExchange exchange = FakeExchange.get("/")
                .with("traceparent", PARENT)
                .with("tracestate", "a=1")
                .meet(withoutEndpoint(100, false));
        assertThat(parent(exchange)).matches(FORM).doesNotContain(TRACE);
        assertThat(exchange.request().fields().contains("tracestate")).isFalse();
    }

    // ---- with one -------------------------------------------------------------------------------------------------

    @Test
    void shouldSendASpanOfEachExchange() {
        TraceContext filter = exporting(100);
        FakeExchange exchange = FakeExchange.get("/cart/7?token=x")
                .route("/cart/*")
                .with("traceparent", PARENT)
                .with("tracestate", "a=1")
                .servedBy("10.0.0.1:80", 0)
                .meet(filter)
                .respond(HttpAnswer.of(503))
                .end();
        String told = parent(exchange);
        assertThat(told).startsWith("00-" + TRACE + "-").doesNotContain(SPAN).endsWith("-01");
        assertThat(exchange.request().fields().all("tracestate")).containsExactly("a=1");
        filter.close();
        assertThat(posts).singleElement().satisfies(post -> {
            assertThat(post.path()).isEqualTo("/v1/traces");
            assertThat(post.token()).isEqualTo("Bearer secret");
            assertThat(post.hex()).contains(TRACE, SPAN, told.substring(36, 52));
            assertThat(post.text())
                    .contains("shop-edge", "GET /cart/*", "/cart/7", "10.0.0.1:80", "http.response.status_code", "503")
                    .doesNotContain("token=x");
        });
    }

    @Test
    void shouldSendManyAtOnce() {
        TraceContext filter = exporting(100);
        for (int i = 0; i < 300; i++) {
            FakeExchange.get("/").meet(filter).respond(HttpAnswer.of(200)).end();
        }
        filter.close();
        assertThat(posts).hasSizeBetween(1, 3);
    }

    /** As those of several routes: one queue, one connection, and one wait at the end. */
    @Test
    void shouldSendTogetherWhatSeveralFiltersHave() {
        SharedSpans shared = new SharedSpans(new Counts());
        List<TraceContext> filters = List.of(exporting(100, shared), exporting(100, shared), exporting(100, shared));
        filters.forEach(filter ->
                FakeExchange.get("/").meet(filter).respond(HttpAnswer.of(200)).end());
        filters.forEach(TraceContext::close);
        assertThat(posts).hasSize(1);
    }

    @Test
    void shouldNameThatAClientWentAwayAndNotMakeNamesOfItsMethods() {
        TraceContext filter = exporting(100);
        FakeExchange.of("BREW", "/").meet(filter).end(HttpOutcome.Kind.CLIENT_ABORTED);
        filter.close();
        assertThat(posts)
                .singleElement()
                .satisfies(post -> assertThat(post.text())
                        .contains("_OTHER", "BREW", "client_aborted")
                        .doesNotContain("BREW /"));
    }

    @Test
    void shouldSendNothingOfWhatIsNotSampled() {
        TraceContext filter = exporting(0);
        FakeExchange exchange =
                FakeExchange.get("/").meet(filter).respond(HttpAnswer.of(200)).end();
        assertThat(parent(exchange)).matches(FORM.replace("[0-3]", "[02]"));
        filter.close();
        assertThat(posts).isEmpty();
    }

    @Test
    void shouldGoOnWithoutAReceiver() {
        TraceContext filter = exporting(100);
        receiver.stop(0);
        FakeExchange exchange =
                FakeExchange.get("/").meet(filter).respond(HttpAnswer.of(200)).end();
        assertThat(parent(exchange)).matches(FORM);
        filter.close();
        assertThat(posts).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"collector:4318", "127.0.0.1:4318", "ftp://collector/", "http:///v1", "http://a b/"})
    void shouldRefuseWhatIsNoEndpoint(String text) {
        assertThatThrownBy(
                        () -> new TraceContext.Settings(Optional.of(text), Map.of(), "baton", new Percent(100), true))
                .hasMessageContaining("'" + text + "' is no URL");
    }

    @Nested
    class Contract extends HttpFilterContract {
        @Override
        protected HttpFilter filter() {
            return withoutEndpoint(100, true);
        }

        @Override
        protected String withoutWhatIsNew(String transcript) {
            return transcript.replaceAll(FORM, "PARENT");
        }
    }
}
