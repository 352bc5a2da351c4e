package dev.baton.it.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.it.http.HttpStream.Message;
import dev.baton.it.pool.DeafServer;
import dev.baton.spi.poller.PollerProvider;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A server closes an idle connection at the moment at which it is used again: what may be sent twice is. A server
 * cannot be connected to: what was not sent at all goes to another.
 */
@Timeout(60)
class RetryIT {
    private static final String WARM = "GET /warm HTTP/1.1\r\nHost: shop\r\n\r\n";
    private final Queue<String> seen = new ConcurrentLinkedQueue<>();

    /** The first connection dies when it has read a second request; the others answer. */
    private void play(HttpStream connection, int number) throws Exception {
        Message request;
        int served = 0;
        while ((request = connection.readRequest()) != null) {
            seen.add(request.line());
            if (number == 0 && served++ > 0) {
                return;
            }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + number);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aRequestThatMayBeRepeatedIs(PollerProvider poller) throws Exception {
        try (Origin origin = new Origin(this::play);
                ProxyRig rig = ProxyRig.inFrontOf(poller, origin);
                HttpStream client = rig.client()) {
            client.send(WARM);
            assertThat(client.response().text()).isEqualTo("0");
            client.send("GET /again HTTP/1.1\r\nHost: shop\r\n\r\n");
            assertThat(client.response().text()).isEqualTo("1");
            assertThat(seen).containsExactly("GET /warm HTTP/1.1", "GET /again HTTP/1.1", "GET /again HTTP/1.1");
            assertThat(rig.metric("baton_http_retries_total", "service", "shop", "route", "*"))
                    .isEqualTo(1);
            await().until(() -> rig.upstream.snapshot().inUse() == 0);
        }
    }

    /**
     * Two servers in turn, of which one swallows connects: one request waits, for the connect-timeout, and then none
     * for a while.
     */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aServerThatHearsNothingCostsOneRequestAConnectTimeout(PollerProvider poller) throws Exception {
        ProxyRig.Options options = new ProxyRig.Options();
        options.connectTimeout = Duration.ofMillis(300);
        try (DeafServer deaf = new DeafServer();
                Origin origin = new Origin((connection, number) -> play(connection, 1));
                ProxyRig rig = new ProxyRig(poller, options, List.of(deaf.address(), origin.address()));
                HttpStream client = rig.client()) {
            int late = 0;
            for (int i = 0; i < 6; i++) {
                long asked = System.nanoTime();
                client.send("POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 5\r\n\r\nhello");
                assertThat(client.response().status()).isEqualTo(200);
                late += System.nanoTime() - asked >= options.connectTimeout.toNanos() ? 1 : 0;
            }
            assertThat(rig.metric("baton_upstream_connect_failures_total", "upstream", "app"))
                    .as("with %s requests that were late", late)
                    .isBetween(1L, 2L); // a second one on a machine that takes over a second for this
            assertThat(rig.metric("baton_upstream_left_out_total", "upstream", "app", "server", deaf.address()))
                    .isEqualTo(1);
            assertThat(seen).hasSize(6);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aRequestWithABodyIsNotSentTwice(PollerProvider poller) throws Exception {
        try (Origin origin = new Origin(this::play);
                ProxyRig rig = ProxyRig.inFrontOf(poller, origin);
                HttpStream client = rig.client()) {
            client.send(WARM);
            assertThat(client.response().text()).isEqualTo("0");
            client.send("POST /once HTTP/1.1\r\nHost: shop\r\nContent-Length: 5\r\n\r\nhello");
            assertThat(client.response().status()).isEqualTo(502);
            client.send("GET /next HTTP/1.1\r\nHost: shop\r\n\r\n");
            assertThat(client.response().text()).isEqualTo("1");
            assertThat(seen).containsExactly("GET /warm HTTP/1.1", "POST /once HTTP/1.1", "GET /next HTTP/1.1");
            assertThat(rig.metric("baton_http_retries_total", "service", "shop", "route", "*"))
                    .isZero();
        }
    }
}
