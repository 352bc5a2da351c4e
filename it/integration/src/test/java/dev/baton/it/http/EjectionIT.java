package dev.baton.it.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.poller.PollerProvider;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** One of two servers accepts connections and does not serve: with what holds by default it costs next to nothing. */
@Timeout(60)
class EjectionIT {
    private static final String GET = "GET / HTTP/1.1\r\nHost: shop\r\n\r\n";
    private static final String POST = "POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 2\r\n\r\nhi";
    private static final String GOOD = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood";
    private static final int REQUESTS = 10;

    private final CountDownLatch over = new CountDownLatch(1);
    private volatile String bad = "";

    private static void serve(HttpStream connection, String response) throws Exception {
        while (connection.readRequest() != null) {
            connection.send(response);
        }
    }

    /** Does what the test says: is silent, closes, or sends a response to each request. */
    private void misbehave(HttpStream connection, int number) throws Exception {
        while (connection.readRequest() != null) {
            switch (bad) {
                case "silent" -> over.await();
                case "closes" -> {
                    return;
                }
                default -> connection.send(bad);
            }
        }
    }

    private static ProxyRig rig(PollerProvider poller, Origin... origins) throws Exception {
        ProxyRig.Options options = new ProxyRig.Options();
        options.responseTimeout = Duration.ofMillis(300);
        return new ProxyRig(poller, options, ProxyRig.addresses(origins));
    }

    private static List<Integer> ask(HttpStream client, String request) throws Exception {
        List<Integer> statuses = new ArrayList<>();
        for (int i = 0; i < REQUESTS; i++) {
            client.send(request);
            statuses.add(client.response().status());
        }
        return statuses;
    }

    private static long ejections(ProxyRig rig, Origin origin, String reason) {
        return rig.metric(
                "baton_upstream_ejections_total", "upstream", "app", "server", origin.address(), "reason", reason);
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void oneThatIsSilentIsLeftOutAndComesBack(PollerProvider poller) throws Exception {
        bad = "silent";
        try (Origin silent = new Origin(this::misbehave);
                Origin good = new Origin((connection, number) -> serve(connection, GOOD));
                ProxyRig rig = rig(poller, silent, good);
                HttpStream client = rig.client()) {
            assertThat(ask(client, GET)).containsOnly(200);
            assertThat(ejections(rig, silent, "no_answer")).isOne();
            assertThat(rig.metric("baton_http_retries_total", "service", "shop", "route", "*"))
                    .as("requests that waited for it; one more on a machine that takes a second for this")
                    .isBetween(2L, 3L);
            bad = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nback";
            String text;
            do { // until the request that tries it: in a second or two
                client.send(GET);
                text = client.response().text();
            } while (!text.equals("back"));
        } finally {
            over.countDown();
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void oneThatClosesLosesNoRequestOnceItIsKnown(PollerProvider poller) throws Exception {
        bad = "closes";
        try (Origin closes = new Origin(this::misbehave);
                Origin good = new Origin((connection, number) -> serve(connection, GOOD));
                ProxyRig rig = rig(poller, closes, good);
                HttpStream client = rig.client()) {
            assertThat(ask(client, GET)).containsOnly(200);
            assertThat(ejections(rig, closes, "no_answer")).isOne();
            assertThat(ask(client, POST)).containsOnly(200);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void oneWhoseAnswersAreErrorsIsLeftOut(PollerProvider poller) throws Exception {
        bad = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
        try (Origin busy = new Origin(this::misbehave);
                Origin good = new Origin((connection, number) -> serve(connection, GOOD));
                ProxyRig rig = rig(poller, busy, good);
                HttpStream client = rig.client()) {
            List<Integer> statuses = ask(client, POST);
            statuses.addAll(ask(client, POST));
            assertThat(statuses.stream().filter(status -> status == 503)).hasSize(5);
            assertThat(ejections(rig, busy, "errors")).isOne();
        }
    }
}
