package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.spi.http.HttpBodyUse;
import dev.baton.spi.http.HttpFilterOptions.OnFailure;
import dev.baton.spi.http.HttpVerdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Upgrade: a tunnel after the server has switched, and not a byte of one before (RFC 9110, section 7.8). */
@SuppressWarnings("StringConcatToTextBlock") // the line ends are what matters
class TunnelTest {
    private static final String ASK = "GET /chat HTTP/1.1\r\nHost: shop\r\nConnection: keep-alive, Upgrade\r\n"
            + "Upgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n";
    private static final String SWITCH = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            + "Connection: upgrade\r\nSec-WebSocket-Accept: a\r\n\r\n";
    private static final String SWITCHED = "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: a\r\n"
            + "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

    private static void open(Bench bench) {
        bench.send(ASK);
        assertThat(bench.toServer(0))
                .isEqualTo("GET /chat HTTP/1.1\r\nHost: shop\r\nSec-WebSocket-Key: k\r\nX-Forwarded-For: 192.0.2.1\r\n"
                        + "X-Forwarded-Host: shop\r\nX-Forwarded-Proto: http\r\nUpgrade: websocket\r\n"
                        + "Connection: Upgrade\r\n\r\n");
        bench.answer(0, SWITCH);
        assertThat(bench.toClient()).isEqualTo(SWITCHED);
    }

    @ParameterizedTest
    @EnumSource
    void bytesGoBothWays(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            open(bench);
            for (int i = 0; i < 3; i++) {
                bench.send("GET / HTTP/1.1\r\n\r\n" + i);
                assertThat(bench.toServer(0)).isEqualTo("GET / HTTP/1.1\r\n\r\n" + i);
                bench.answer(0, "HTTP/1.1 200 OK\r\n\r\n" + i);
                assertThat(bench.toClient()).isEqualTo("HTTP/1.1 200 OK\r\n\r\n" + i);
            }
            bench.hangUp(bench.opened.get(0));
            bench.pass(2); // in which the client may still send, and is not reset
            assertThat(bench.client.isOpen()).isFalse();
            assertThat(bench.idle).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void theFirstBytesMayComeWithTheHeads(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(ASK + "early");
            assertThat(bench.toServer(0)).endsWith("Connection: Upgrade\r\n\r\n");
            bench.answer(0, SWITCH + "hello");
            assertThat(bench.toClient()).isEqualTo(SWITCHED + "hello");
            assertThat(bench.toServer(0)).isEqualTo("early");
            bench.send("last");
            bench.hangUp(bench.client);
            assertThat(bench.toServer(0)).isEqualTo("last");
            assertThat(bench.opened.get(0).isOpen()).isFalse();
        }
    }

    /** What follows a request for another protocol is another request until the server has switched. */
    @ParameterizedTest
    @EnumSource
    void aServerThatDoesNotSwitchIsAskedTheNextRequest(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(ASK + "GET /next HTTP/1.1\r\nHost: shop\r\n\r\n");
            bench.toServer(0);
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno");
            assertThat(bench.toClient()).isEqualTo("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno");
            assertThat(bench.toServer(0)).startsWith("GET /next HTTP/1.1\r\n").doesNotContain("Upgrade");
            bench.answer(0, "HTTP/1.1 204 No Content\r\n\r\n");
            assertThat(bench.toClient()).isEqualTo("HTTP/1.1 204 No Content\r\n\r\n");
        }
    }

    /** Desync through Upgrade: a 101 that was not asked for, or says something else, is no tunnel. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 101 X\r\n\r\n",
                "HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n",
                "HTTP/1.1 101 X\r\nConnection: Upgrade\r\n\r\n",
                "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
                "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: other\r\n\r\n",
            })
    void aServerThatSwitchesToSomethingElse(String answer) {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send(ASK);
            bench.answer(0, answer);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 502 ");
            assertThat(bench.opened.get(0).isOpen()).isFalse();
        }
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
            bench.answer(0, SWITCH);
            assertThat(bench.toClient()).as("nobody asked").startsWith("HTTP/1.1 502 ");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "GET, 1.1, 'Upgrade: h2c', 'Connection: Upgrade'",
        "GET, 1.1, 'Upgrade: websocket, h2c', 'Connection: Upgrade'",
        "GET, 1.1, 'Upgrade: websocket', 'Connection: keep-alive'",
        "GET, 1.0, 'Upgrade: websocket', 'Connection: Upgrade'",
        "GET, 1.1, 'Upgrade: websocket', 'Upgrade: other'",
        "GET, 1.1, 'Upgrade: websocket', 'Connection: Upgrade\r\nContent-Length: 5'",
        "POST, 1.1, 'Upgrade: websocket', 'Connection: Upgrade\r\nTransfer-Encoding: chunked'",
    })
    void whatIsNotForwarded(String method, String version, String first, String second) {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send(method + " / HTTP/" + version + "\r\nHost: shop\r\n" + first + "\r\n" + second + "\r\n\r\n");
            assertThat(bench.toServer(0)).startsWith(method + " / HTTP/1.1\r\n").doesNotContain("Upgrade");
        }
    }

    @ParameterizedTest
    @EnumSource
    void anIdleTunnelEnds(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            open(bench);
            bench.pass(3000);
            assertThat(bench.client.isOpen()).isTrue();
            bench.answer(0, "still here");
            bench.toClient();
            bench.pass(3500);
            assertThat(bench.client.isOpen())
                    .as("what comes starts the clock anew")
                    .isTrue();
            bench.pass(200);
            assertThat(bench.client.isOpen()).isFalse();
            assertThat(bench.opened.get(0).isOpen()).isFalse();
            assertThat(bench.refusals(Refusal.TUNNEL_IDLE)).isOne();
        }
    }

    @ParameterizedTest
    @EnumSource
    void filtersSeeTheHeadsAndNothingOfTheTunnel(Ends ends) {
        List<String> log = new ArrayList<>();
        ScriptedFilter filter = new ScriptedFilter("a", log);
        filter.requestUse = HttpBodyUse.TRANSFORM;
        filter.responseUse = HttpBodyUse.whole(1);
        filter.onResponse = exchange -> {
            exchange.response().fields().set("X-A", "1");
            return HttpVerdict.CONTINUE;
        };
        try (Bench bench = new Bench(
                ends, Bench.config(true, List.of(FilterScene.choice("a", OnFailure.REFUSE))), Map.of("a", filter))) {
            bench.send(ASK);
            bench.toServer(0);
            bench.answer(0, SWITCH + "hello");
            assertThat(bench.toClient()).contains("\r\nX-A: 1\r\n").endsWith("\r\n\r\nhello");
            bench.send("hi");
            assertThat(bench.toServer(0)).isEqualTo("hi");
            bench.hangUp(bench.client);
            assertThat(log).containsExactly("a request /chat", "a response 101", "a end CLIENT_ABORTED");
        }
    }
}
