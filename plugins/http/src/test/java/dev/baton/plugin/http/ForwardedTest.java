package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.config.ForwardedConfig;
import dev.baton.plugin.http.config.HttpConfig;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.channel.TlsFacts;
import dev.baton.spi.config.ByteSize;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFilterOptions.OnFailure;
import dev.baton.spi.http.HttpVerdict;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whose word counts about clients; the client of all tests is 192.0.2.1. */
@SuppressWarnings("StringConcatToTextBlock") // the line ends are what matters
class ForwardedTest {
    private static final String CLAIMS = "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n"
            + "X-Forwarded-Host: real\r\nX-Forwarded-Port: 443\r\nForwarded: for=203.0.113.7\r\nX-Forwarded-Foo: x\r\n";

    private static HttpConfig trusting(String... networks) {
        HttpConfig plain = Bench.config(true, List.of(FilterScene.choice("a", OnFailure.REFUSE)));
        return new HttpConfig(
                Optional.of("app"),
                plain.filters(),
                List.of(),
                new ForwardedConfig(List.of(networks)),
                new ByteSize(4096),
                plain.bodyLimit(),
                plain.firstRequestTimeout(),
                plain.headerTimeout(),
                plain.responseTimeout(),
                plain.idleTimeout(),
                plain.tunnelTimeout(),
                plain.minRate(),
                plain.rateGrace(),
                plain.http2());
    }

    private final List<HttpExchange> seen = new ArrayList<>();

    private Bench bench(String... networks) {
        ScriptedFilter filter = new ScriptedFilter("a", new ArrayList<>());
        filter.onRequest = exchange -> {
            seen.add(exchange);
            return HttpVerdict.CONTINUE;
        };
        return new Bench(Ends.TOGETHER, trusting(networks), Map.of("a", filter));
    }

    private String client() {
        return seen.get(0).facts().client() instanceof InetSocketAddress client
                ? client.getAddress().getHostAddress()
                : "none";
    }

    @Test
    void aClientsOwnWordIsReplaced() {
        for (String[] networks : List.of(new String[0], new String[] {"10.0.0.0/8"})) {
            try (Bench bench = bench(networks)) {
                bench.send("GET / HTTP/1.1\r\nHost: shop\r\n" + CLAIMS + "Accept: */*\r\n\r\n");
                assertThat(bench.toServer(0))
                        .isEqualTo("GET / HTTP/1.1\r\nHost: shop\r\nAccept: */*\r\nX-Forwarded-For: 192.0.2.1\r\n"
                                + "X-Forwarded-Host: shop\r\nX-Forwarded-Proto: http\r\n\r\n");
                assertThat(client()).isEqualTo("192.0.2.1");
            }
        }
    }

    @Test
    void aTrustedProxysWordGoesOn() {
        try (Bench bench = bench("192.0.2.0/24")) {
            bench.send("GET / HTTP/1.1\r\nHost: shop\r\n" + CLAIMS + "Accept: */*\r\n\r\n");
            assertThat(bench.toServer(0))
                    .isEqualTo("GET / HTTP/1.1\r\nHost: shop\r\nAccept: */*\r\n"
                            + "X-Forwarded-For: 203.0.113.7, 192.0.2.1\r\nX-Forwarded-Host: real\r\n"
                            + "X-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\nForwarded: for=203.0.113.7\r\n"
                            + "X-Forwarded-Foo: x\r\n\r\n");
        }
    }

    @Test
    void aClientThatSpeaksTlsAsksForHttps() {
        try (Bench bench = bench()) {
            TlsFacts tls = new TlsFacts("TLSv1.3", "TLS_AES_128_GCM_SHA256", "shop", "http/1.1", List.of());
            bench.client.attr(MovableChannel.FACTS).set(bench.client.facts().withTls(tls));
            bench.send("GET / HTTP/1.1\r\nHost: shop\r\n" + CLAIMS + "\r\n");
            assertThat(bench.toServer(0)).contains("X-Forwarded-Proto: https\r\n");
            assertThat(seen.get(0).request().scheme()).isEqualTo("https");
            assertThat(seen.get(0).facts().tls()).isSameAs(tls);
        }
    }

    /** The last that no trusted proxy has vouched for: what stands before it may be anybody's invention. */
    @ParameterizedTest
    @CsvSource({
        "203.0.113.7, 203.0.113.7",
        "'6.6.6.6, 203.0.113.7', 203.0.113.7",
        "'6.6.6.6, 203.0.113.7, 192.0.2.9', 203.0.113.7",
        "'192.0.2.8, 192.0.2.9', 192.0.2.8",
        "'6.6.6.6, unknown, 192.0.2.9', 192.0.2.9",
        "unknown, 192.0.2.1",
        "'203.0.113.7:1234', 203.0.113.7",
        "'[2001:db8::1]:80', '2001:db8:0:0:0:0:0:1'",
        "'2001:db8::1', '2001:db8:0:0:0:0:0:1'",
        "'', 192.0.2.1",
    })
    void theClientIsTheLastThatIsNoProxy(String claim, String client) {
        try (Bench bench = bench("192.0.2.0/24")) {
            bench.send("GET / HTTP/1.1\r\nHost: shop\r\nX-Forwarded-For: " + claim + "\r\n\r\n");
            assertThat(client()).isEqualTo(client);
        }
    }

    @Test
    void networksThatAreNone() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ForwardedConfig(List.of("10.0.0.0/8", "here")))
                .withMessageContaining("'here' is no network");
    }
}
