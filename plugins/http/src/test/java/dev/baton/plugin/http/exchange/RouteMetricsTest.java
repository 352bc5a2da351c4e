package dev.baton.plugin.http.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.http.HttpOutcome;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.traffic.FinishedExchange;
import dev.baton.spi.traffic.Traffic;
import dev.baton.spi.upstream.Upstream;
import dev.baton.spi.upstream.UpstreamConnections;
import dev.baton.spi.upstream.UpstreamServer;
import io.netty.channel.ChannelHandler;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;

class RouteMetricsTest {
    private final Map<String, Long> counts = new TreeMap<>();
    private final Map<String, List<Long>> durations = new TreeMap<>();
    private final List<String> forgotten = new ArrayList<>();
    private final Metrics metrics = new Recorder();
    private final ServerSeries series = new ServerSeries(metrics, "shop");
    private final RouteMetrics route = new RouteMetrics(metrics, "shop", "/cart", series);
    private final Servers upstream = new Servers("127.0.0.1:9001");

    RouteMetricsTest() {
        series.add(upstream);
    }

    /** An upstream that has servers, and says when it has forgotten one. */
    private static final class Servers implements Upstream {
        private final List<UpstreamServer> all = new ArrayList<>();
        private final List<Consumer<String>> tasks = new ArrayList<>();

        Servers(String... addresses) {
            for (String each : addresses) {
                add(each);
            }
        }

        void add(String address) {
            all.add(new UpstreamServer(address, all.size()));
        }

        void remove(String address) {
            all.removeIf(each -> each.address().equals(address));
        }

        void forget(String address) {
            tasks.forEach(task -> task.accept(address));
        }

        @Override
        public String name() {
            return "app";
        }

        @Override
        public List<UpstreamServer> servers() {
            return all;
        }

        @Override
        public UpstreamServer next() {
            throw new AssertionError("not asked for");
        }

        @Override
        public void whenForgotten(Consumer<String> task) {
            tasks.add(task);
        }

        @Override
        public UpstreamConnections connections(String profile, ChannelHandler initializer) {
            throw new AssertionError("not asked for");
        }
    }

    private final class Recorder implements Metrics {
        @Override
        public Counter counter(String name, String help, String... labels) {
            String key = name + " " + String.join(" ", labels);
            return new Counter() {
                @Override
                public void increment() {
                    add(1);
                }

                @Override
                public void add(long amount) {
                    counts.merge(key, amount, Long::sum);
                }

                @Override
                public long count() {
                    return counts.getOrDefault(key, 0L);
                }
            };
        }

        @Override
        public Histogram histogram(String name, String help, String... labels) {
            String key = name + " " + String.join(" ", labels);
            return nanos ->
                    durations.computeIfAbsent(key, first -> new ArrayList<>()).add(nanos);
        }

        @Override
        public void gauge(String name, String help, LongSupplier value, String... labels) {
            throw new AssertionError("no gauges here");
        }

        @Override
        public void forget(String name, String... labels) {
            forgotten.add(name + " " + String.join(" ", labels));
        }

        @Override
        public String scrape() {
            throw new AssertionError("not asked for");
        }
    }

    @Test
    void shouldCountAnExchangeForItsRouteAndItsServer() {
        route.ended(200, 3, 7, 10, 20, "127.0.0.1:9001");
        assertThat(counts)
                .containsOnly(
                        Map.entry("baton_http_responses_total service shop route /cart status 2xx", 1L),
                        Map.entry("baton_http_body_bytes_total service shop route /cart direction in", 10L),
                        Map.entry("baton_http_body_bytes_total service shop route /cart direction out", 20L));
        assertThat(durations)
                .containsOnly(
                        Map.entry("baton_http_request_seconds service shop route /cart", List.of(7L)),
                        Map.entry("baton_http_first_byte_seconds service shop route /cart", List.of(3L)),
                        Map.entry("baton_http_server_seconds service shop server 127.0.0.1:9001", List.of(3L)));
    }

    @Test
    void shouldCountAnErrorOfAServerAsAFailureOfItAndOneOfOurOwnNot() {
        route.ended(503, 3, 7, 0, 0, "127.0.0.1:9001");
        route.ended(503, 3, 7, 0, 0, null);
        assertThat(counts)
                .containsOnly(
                        Map.entry("baton_http_responses_total service shop route /cart status 5xx", 2L),
                        Map.entry("baton_http_server_failures_total service shop server 127.0.0.1:9001", 1L));
    }

    @Test
    void shouldCountAnExchangeWithoutAResponse() {
        route.ended(0, -1, 7, 0, 0, "127.0.0.1:9001");
        route.aborted(HttpOutcome.Kind.CLIENT_ABORTED, "127.0.0.1:9001");
        route.aborted(HttpOutcome.Kind.SERVER_ABORTED, "127.0.0.1:9001");
        route.aborted(HttpOutcome.Kind.CUT, null);
        route.aborted(HttpOutcome.Kind.COMPLETE, "127.0.0.1:9001");
        route.retried();
        assertThat(counts)
                .containsOnly(
                        Map.entry("baton_http_responses_total service shop route /cart status none", 1L),
                        Map.entry("baton_http_aborts_total service shop route /cart how client_aborted", 1L),
                        Map.entry("baton_http_aborts_total service shop route /cart how server_aborted", 1L),
                        Map.entry("baton_http_aborts_total service shop route /cart how cut", 1L),
                        Map.entry("baton_http_retries_total service shop route /cart", 1L),
                        Map.entry("baton_http_server_failures_total service shop server 127.0.0.1:9001", 1L));
        assertThat(durations).containsOnlyKeys("baton_http_request_seconds service shop route /cart");
    }

    @Test
    void shouldTellThoseWhoWatchWithoutTheQuery() {
        List<FinishedExchange> seen = new ArrayList<>();
        Traffic traffic = new Traffic() {
            @Override
            public boolean isWatched() {
                return true;
            }

            @Override
            public void ended(FinishedExchange exchange) {
                seen.add(exchange);
            }

            @Override
            public Watch watch(Watcher watcher) {
                throw new AssertionError("not asked for");
            }
        };
        HttpOutcome.Kind kind = HttpOutcome.Kind.CLIENT_ABORTED;
        route.report(traffic, "GET", "/a?token=x", 0, -5, 7, 1, 2, "10.0.0.1:80", "192.0.2.7:5", kind);
        assertThat(seen)
                .containsExactly(new FinishedExchange(
                        "shop", "/cart", "10.0.0.1:80", "192.0.2.7:5", "GET", "/a", 0, 1, 2, -1, 7, "client-aborted"));
    }

    @Test
    void shouldCountOddStatusesAsNone() {
        route.ended(999, 3, 7, 0, 0, null);
        assertThat(counts).containsOnlyKeys("baton_http_responses_total service shop route /cart status none");
    }

    @Test
    void shouldCountServersTogetherBeyondALimit() {
        for (int i = 0; i < 300; i++) {
            upstream.add("10.0.0." + i + ":80");
            route.ended(200, 3, 7, 0, 0, "10.0.0." + i + ":80");
        }
        List<Long> others = durations.get("baton_http_server_seconds service shop server other");
        assertThat(others).hasSize(100);
        assertThat(durations.keySet().stream().filter(key -> key.contains("server 10.0.0.")))
                .hasSize(200);
    }

    @Test
    void shouldLetGoOfWhatIsCountedOfAServerWithIt() {
        String address = "127.0.0.1:9001";
        route.ended(500, 3, 7, 0, 0, address);
        upstream.remove(address);
        route.ended(500, 3, 7, 0, 0, address);
        assertThat(counts).containsEntry("baton_http_server_failures_total service shop server " + address, 2L);
        upstream.forget(address);
        assertThat(forgotten)
                .containsExactlyInAnyOrder(
                        "baton_http_server_seconds service shop server " + address,
                        "baton_http_server_failures_total service shop server " + address);
        route.ended(500, 3, 7, 0, 0, address);
        assertThat(counts)
                .as("a late one does not bring it back")
                .containsEntry("baton_http_server_failures_total service shop server " + address, 2L)
                .containsEntry("baton_http_server_failures_total service shop server other", 1L);
    }

    @Test
    void shouldKeepWhatIsCountedOfAServerThatAnotherUpstreamHas() {
        Servers other = new Servers("127.0.0.1:9001");
        series.add(other);
        route.ended(500, 3, 7, 0, 0, "127.0.0.1:9001");
        upstream.remove("127.0.0.1:9001");
        upstream.forget("127.0.0.1:9001");
        assertThat(forgotten).isEmpty();
        other.remove("127.0.0.1:9001");
        other.forget("127.0.0.1:9001");
        assertThat(forgotten).hasSize(2);
        upstream.forget("127.0.0.1:9001");
        assertThat(forgotten).as("once").hasSize(2);
    }

    @Test
    void shouldCountThatThereWasNoServerToAsk() {
        route.ended(502, -1, 7, 0, 0, UpstreamServer.NONE.address());
        assertThat(counts).containsEntry("baton_http_server_failures_total service shop server none", 1L);
    }
}
