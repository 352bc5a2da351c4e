package dev.baton.plugin.tracecontext;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.baton.plugin.http.HttpPlugin;
import dev.baton.plugin.tracecontext.Collector.Seen;
import dev.baton.testkit.world.HttpFilterInEachWorld;
import dev.baton.testkit.world.HttpOrigin;
import dev.baton.testkit.world.HttpPeer;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.Where;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.slf4j.LoggerFactory;

/** The spans of a whole server's exchanges, at a collector that takes them, refuses them, or hangs. */
class TraceContextWorldTest {
    private static final String THREADS = "OpenTelemetry sends spans with threads and sockets of its own";
    private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
    private static final String PARENT = "00f067aa0ba902b7";
    private static final long SERVER = 2;
    private static final long UNSET = 0;
    private static final long ERROR = 2;
    /** Spans that OpenTelemetry sends at once, and does not wait for more. */
    private static final int BATCH = 512;

    private static final int PIPELINE = 100;

    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger(SpanQueue.class);
    private Collector collector;

    @BeforeEach
    void collect() throws IOException {
        collector = new Collector();
        log.start();
        logger.setLevel(Level.INFO);
        logger.addAppender(log);
    }

    @AfterEach
    void stop() {
        logger.detachAppender(log);
        logger.setLevel(null);
        collector.close();
    }

    private HttpOrigin start(PluginWorld world) {
        world.plugin(HttpPlugin.class).plugin(TraceContextPlugin.class);
        HttpOrigin origin = world.httpOrigin();
        world.start("""
                listeners: { web: { bind: "127.0.0.1:0", service: shop } }
                services:
                  shop:
                    type: http
                    filters: [ { type: trace-context, endpoint: "COLLECTOR", service-name: edge } ]
                    routes:
                      - { match: { path: "/cart/*" }, upstream: app }
                      - { name: hello, respond: { status: 200, body: "hello" } }
                upstreams: { app: { servers: ["ORIGIN"] } }
                """.replace("COLLECTOR", collector.endpoint()).replace("ORIGIN", origin.address()));
        return origin;
    }

    private static long spans(PluginWorld world, String result) {
        return world.metrics()
                .counter("baton_trace_spans_total", "", "result", result)
                .count();
    }

    /** So many exchanges, all of which must be answered. */
    private static void exchanges(PluginWorld world, int count) {
        HttpPeer client = world.http("web");
        for (int done = 0; done < count; done += PIPELINE) {
            int now = Math.min(PIPELINE, count - done);
            for (int i = 0; i < now; i++) {
                client.send("GET /");
            }
            for (int i = 0; i < now; i++) {
                assertThat(client.receive().text()).isEqualTo("hello");
            }
        }
    }

    private List<String> logged(Level level) {
        return List.copyOf(log.list).stream()
                .filter(event -> event.getLevel() == level)
                .map(ILoggingEvent::getFormattedMessage)
                .toList();
    }

    @InEachWorld(worlds = Where.REAL, because = THREADS)
    void shouldSendASpanOfEachExchangeByTheEnd(PluginWorld world) {
        HttpOrigin origin = start(world);
        HttpPeer client =
                world.http("web").send("GET /cart/7?token=x", "traceparent: 00-" + TRACE + "-" + PARENT + "-01");
        String told = origin.serve(503, "").field("traceparent");
        assertThat(client.receive().status()).isEqualTo(503);
        client.send("BREW /tea");
        assertThat(client.receive().status()).isEqualTo(200);
        client.send("GET /cart/8");
        origin.accept();
        client.connection().reset();
        world.stop();

        Map<String, Seen> spans = collector.spans().stream()
                .collect(Collectors.toMap(span -> span.attributes().get("url.path"), Function.identity()));
        assertThat(spans).containsOnlyKeys("/cart/7", "/tea", "/cart/8");
        assertThat(spans.values()).allSatisfy(span -> {
            assertThat(span.service()).isEqualTo("edge");
            assertThat(span.kind()).isEqualTo(SERVER);
            assertThat(span.nanos()).isPositive();
            assertThat(span.attributes())
                    .containsEntry("baton.service", "shop")
                    .containsEntry("url.scheme", "http")
                    .containsEntry("server.address", "test")
                    .containsEntry("client.address", "127.0.0.1");
        });

        Seen failed = Objects.requireNonNull(spans.get("/cart/7"));
        assertThat(told).isEqualTo("00-" + TRACE + "-" + failed.spanId() + "-01");
        assertThat(failed.traceId()).isEqualTo(TRACE);
        assertThat(failed.parent()).isEqualTo(PARENT);
        assertThat(failed.name()).isEqualTo("GET /cart/*");
        assertThat(failed.status()).isEqualTo(ERROR);
        assertThat(failed.attributes())
                .containsEntry("http.request.method", "GET")
                .containsEntry("http.route", "/cart/*")
                .containsEntry("http.response.status_code", "503")
                .containsEntry("error.type", "503")
                .containsEntry("baton.server", origin.address());

        Seen odd = Objects.requireNonNull(spans.get("/tea"));
        assertThat(odd.traceId()).hasSize(32).isNotEqualTo(TRACE);
        assertThat(odd.parent()).isEmpty();
        assertThat(odd.name()).isEqualTo("HTTP hello");
        assertThat(odd.status()).isEqualTo(UNSET);
        assertThat(odd.attributes())
                .containsEntry("http.request.method", "_OTHER")
                .containsEntry("http.request.method_original", "BREW")
                .containsEntry("http.response.status_code", "200")
                .doesNotContainKeys("error.type", "baton.server");

        Seen left = Objects.requireNonNull(spans.get("/cart/8"));
        assertThat(left.status()).as("no error of the server's").isEqualTo(UNSET);
        assertThat(left.attributes())
                .containsEntry("error.type", "client_aborted")
                .doesNotContainKey("http.response.status_code");
        assertThat(spans(world, "sent")).isEqualTo(3);
    }

    /** Requests do not wait for it, and what it does not take is dropped. What waits at the end is sent then. */
    @InEachWorld(worlds = Where.REAL, because = THREADS)
    void shouldKeepNoMoreThanTheQueueForACollectorThatHangs(PluginWorld world) {
        start(world);
        collector.hang();
        exchanges(world, SpanQueue.WAITING_MAX + 300);
        world.await("what is too much is dropped", () -> spans(world, "dropped") == 300);
        assertThat(collector.spans()).isEmpty();
        collector.letGo();
        world.stop();
        assertThat(collector.spans()).hasSize(SpanQueue.WAITING_MAX);
        assertThat(spans(world, "sent")).isEqualTo(SpanQueue.WAITING_MAX);
        assertThat(spans(world, "dropped")).isEqualTo(300);
    }

    @InEachWorld(worlds = Where.REAL, because = THREADS)
    void shouldSayOnceThatTheCollectorRefusesSpans(PluginWorld world) {
        start(world);
        collector.answer(503);
        exchanges(world, BATCH);
        world.await("they have failed", () -> spans(world, "failed") == BATCH);
        exchanges(world, BATCH);
        world.await("these, too", () -> spans(world, "failed") == 2 * BATCH);
        assertThat(logged(Level.WARN))
                .singleElement()
                .asString()
                .startsWith("spans cannot be sent to " + collector.endpoint() + ": it has answered with status 503");
        collector.answer(200);
        exchanges(world, 1);
        world.stop();
        assertThat(collector.spans()).hasSize(1);
        assertThat(logged(Level.INFO)).containsExactly("spans can be sent to " + collector.endpoint() + " again");
    }

    @InEachWorld(worlds = Where.REAL, because = THREADS)
    void shouldServeWithoutACollector(PluginWorld world) {
        start(world);
        collector.close();
        exchanges(world, BATCH + 1);
        world.stop();
        assertThat(spans(world, "failed")).isEqualTo(BATCH + 1);
        assertThat(logged(Level.WARN)).singleElement().asString().contains("ConnectException");
    }

    /** Without an endpoint, in both worlds. */
    @Nested
    class PassedOn extends HttpFilterInEachWorld {
        PassedOn() {
            super(HttpPlugin.class, TraceContextPlugin.class);
        }

        @Override
        protected String filter() {
            return "trace-context";
        }
    }
}
