package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.config.HttpConfig;
import dev.baton.plugin.http.config.MatchConfig;
import dev.baton.plugin.http.config.RouteConfig;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.spi.http.HttpFilterOptions.OnFailure;
import dev.baton.spi.http.HttpVerdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** CONNECT: a tunnel where a route allows one, by a server that agrees (RFC 9110, section 9.3.6). */
@SuppressWarnings("StringConcatToTextBlock") // the line ends are what matters
class ConnectTest {
    private static final String ASK = "CONNECT db.example.com:5432 HTTP/1.1\r\nHost: db.example.com:5432\r\n\r\n";
    private static final String ASKED = "CONNECT db.example.com:5432 HTTP/1.1\r\nHost: db.example.com:5432\r\n"
            + "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Host: db.example.com:5432\r\nX-Forwarded-Proto: http\r\n\r\n";
    private static final String AGREED = "HTTP/1.1 200 OK\r\n\r\n";

    private static RouteConfig route(String host) {
        return new RouteConfig(
                Optional.of("tunnels"),
                new MatchConfig(Optional.of(host), Optional.empty(), List.of("CONNECT"), Map.of()),
                List.of(),
                Optional.of("app"),
                true,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    private static Bench bench(Ends ends) {
        return new Bench(ends, Bench.config(true, List.of(), route("*.example.com")));
    }

    @ParameterizedTest
    @EnumSource
    void bytesGoBothWays(Ends ends) {
        try (Bench bench = bench(ends)) {
            bench.send(ASK);
            assertThat(bench.toServer(0)).isEqualTo(ASKED);
            bench.answer(0, "HTTP/1.1 200 OK\r\nDate: now\r\n\r\nhello");
            assertThat(bench.toClient()).isEqualTo("HTTP/1.1 200 OK\r\nDate: now\r\n\r\nhello");
            bench.send("GET / HTTP/1.1\r\n\r\n");
            assertThat(bench.toServer(0)).isEqualTo("GET / HTTP/1.1\r\n\r\n");
            bench.answer(0, "HTTP/1.1 404 No\r\n\r\n");
            assertThat(bench.toClient()).isEqualTo("HTTP/1.1 404 No\r\n\r\n");
            bench.hangUp(bench.client);
            assertThat(bench.opened.get(0).isOpen()).isFalse();
            assertThat(bench.idle).isEmpty();
        }
    }

    /** It must ignore them in a response that agrees: the tunnel has no length. */
    @ParameterizedTest
    @ValueSource(strings = {"Content-Length: 2\r\n", "Transfer-Encoding: chunked\r\n"})
    void aLengthInTheAnswerMeansNothing(String length) {
        try (Bench bench = bench(Ends.TOGETHER)) {
            bench.send(ASK);
            bench.answer(0, "HTTP/1.1 200 OK\r\n" + length + "\r\n12345");
            assertThat(bench.toClient()).endsWith("\r\n\r\n12345").doesNotContain(length);
            bench.send("67");
            assertThat(bench.toServer(0)).endsWith("\r\n\r\n67");
        }
    }

    /** What the client has sent for the tunnel must not become a request. */
    @ParameterizedTest
    @EnumSource
    void whatWasMeantForATunnelThatIsRefusedIsNoRequest(Ends ends) {
        try (Bench bench = bench(ends)) {
            bench.send(ASK + "GET /stolen HTTP/1.1\r\nHost: shop\r\n\r\n");
            assertThat(bench.toServer(0)).isEqualTo(ASKED);
            bench.answer(0, "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno");
            assertThat(bench.toClient()).startsWith("HTTP/1.1 403 No\r\n").contains("Connection: close\r\n");
            bench.pass(2);
            assertThat(bench.client.isOpen()).isFalse();
            assertThat(bench.asked).hasSize(1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRouteThatDoesNotAllowIt(Ends ends) {
        try (Bench bench = bench(ends)) {
            bench.send("CONNECT shop:80 HTTP/1.1\r\nHost: shop\r\n\r\nGET / HTTP/1.1\r\nHost: shop\r\n\r\n");
            assertThat(bench.toClient()).startsWith("HTTP/1.1 501 ").contains("Connection: close\r\n");
            bench.pass(2);
            assertThat(bench.client.isOpen()).isFalse();
            assertThat(bench.asked).isEmpty();
            assertThat(bench.refusals(Refusal.BAD_METHOD)).isOne();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CONNECT a.example.com HTTP/1.1\r\nHost: a.example.com\r\n\r\n",
                "CONNECT a.example.com: HTTP/1.1\r\nHost: a.example.com\r\n\r\n",
                "CONNECT http://a.example.com:80/ HTTP/1.1\r\nHost: a.example.com\r\n\r\n",
                "CONNECT / HTTP/1.1\r\nHost: a.example.com\r\n\r\n",
                "CONNECT a.example.com:80 HTTP/1.1\r\nHost: a.example.com\r\nContent-Length: 3\r\n\r\nabc",
                "CONNECT a.example.com:80 HTTP/1.1\r\nHost: a.example.com\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            })
    void whatIsNoRequestForATunnel(String request) {
        try (Bench bench = bench(Ends.TOGETHER)) {
            bench.send(request);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 400 ");
            assertThat(bench.asked).isEmpty();
        }
    }

    /** A refusal by status alone would leave the tunnel open behind it. */
    @ParameterizedTest
    @EnumSource
    void theStatusOfATunnelStays(Ends ends) {
        ScriptedFilter filter = new ScriptedFilter("a", new ArrayList<>());
        filter.onResponse = exchange -> {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> exchange.response().setStatus(403));
            return HttpVerdict.CONTINUE;
        };
        HttpConfig config =
                Bench.config(true, List.of(FilterScene.choice("a", OnFailure.REFUSE)), route("db.example.com"));
        try (Bench bench = new Bench(ends, config, Map.of("a", filter))) {
            bench.send(ASK);
            bench.answer(0, AGREED);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 200 ");
        }
    }

    @Test
    void aRouteThatNoConnectCanMeet() {
        for (MatchConfig match : List.of(
                new MatchConfig(Optional.empty(), Optional.of("/a"), List.of(), Map.of()),
                new MatchConfig(Optional.empty(), Optional.empty(), List.of("GET"), Map.of()))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new RouteConfig(
                            Optional.empty(),
                            match,
                            List.of(),
                            Optional.of("app"),
                            true,
                            Optional.empty(),
                            Optional.empty(),
                            Optional.empty(),
                            Optional.empty(),
                            Optional.empty()));
        }
    }

    @ParameterizedTest
    @EnumSource
    void filtersSeeWhereItGoes(Ends ends) {
        List<String> log = new ArrayList<>();
        ScriptedFilter filter = new ScriptedFilter("a", log);
        filter.onRequest = exchange -> {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> exchange.request().rewriteTarget("/path"));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> exchange.request().rewriteAuthority("other.example.com"));
            exchange.request().rewriteAuthority("other.example.com:1");
            return HttpVerdict.CONTINUE;
        };
        HttpConfig config =
                Bench.config(true, List.of(FilterScene.choice("a", OnFailure.REFUSE)), route("db.example.com"));
        try (Bench bench = new Bench(ends, config, Map.of("a", filter))) {
            bench.send(ASK);
            assertThat(bench.toServer(0))
                    .startsWith("CONNECT other.example.com:1 HTTP/1.1\r\nHost: other.example.com:1\r\n");
            bench.answer(0, AGREED);
            bench.toClient();
            bench.hangUp(bench.client);
            assertThat(log).containsExactly("a request db.example.com:5432", "a response 200", "a end CLIENT_ABORTED");
        }
    }
}
