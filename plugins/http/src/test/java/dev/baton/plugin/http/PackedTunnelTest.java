package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.baton.plugin.http.Bench.Asking;
import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.config.ForwardedConfig;
import dev.baton.plugin.http.config.HttpConfig;
import dev.baton.plugin.http.config.MatchConfig;
import dev.baton.plugin.http.config.RouteConfig;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.spi.http.HttpFilterOptions.OnFailure;
import dev.baton.spi.service.Packed;
import dev.baton.spi.traffic.FinishedExchange;
import dev.baton.spi.upstream.UpstreamProtocol;
import dev.baton.spi.upstream.UpstreamServer;
import dev.baton.testkit.EmbeddedConnection;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tunnels go to the next process with both their connections: one bench is the old process, the other the new one. */
@SuppressWarnings("StringConcatToTextBlock") // the line ends are what matters
class PackedTunnelTest {
    private static final String ASK = "GET /chat?token=x HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\n"
            + "Upgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n";
    private static final String SWITCH = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            + "Connection: upgrade\r\nSec-WebSocket-Accept: a\r\n\r\n";

    private static void open(Bench bench) {
        bench.send(ASK);
        bench.toServer(0);
        bench.answer(0, SWITCH);
        assertThat(bench.toClient()).startsWith("HTTP/1.1 101 ");
    }

    private static Packed packed(Bench bench) {
        bench.watched = true;
        Packed packed = PackTest.packed(bench);
        assertThat(packed.companions()).containsExactly(bench.opened.get(0));
        assertThat(bench.opened.get(0).isOpen()).isFalse();
        assertThat(bench.toServer(0)).as("a word to the server").isEmpty();
        assertThat(bench.reported).as("an end that is none").isEmpty();
        assertThat(bodyBytes(bench, "in") + bodyBytes(bench, "out")).isZero();
        return packed;
    }

    private static long bodyBytes(Bench bench, String direction) {
        return bench.count("baton_http_body_bytes_total", "service", "shop", "route", "*", "direction", direction);
    }

    private static void assertEchoes(Bench bench, EmbeddedConnection client) {
        for (int i = 0; i < 3; i++) {
            bench.receive(client, "up " + i);
            assertThat(bench.toServer(0)).isEqualTo("up " + i);
            bench.answer(0, "down " + i);
            assertThat(bench.out(client)).isEqualTo("down " + i);
        }
    }

    @ParameterizedTest
    @EnumSource
    void bytesGoBothWays(Ends ends) {
        try (Bench old = new Bench(ends);
                Bench next = new Bench(ends)) {
            open(old);
            EmbeddedConnection client = next.unpack(packed(old), false);
            assertEchoes(next, client);
            assertThat(next.count("baton_http_requests_total", "service", "shop"))
                    .isZero();
            next.hangUp(next.opened.get(0));
            next.pass(2);
            assertThat(client.isOpen()).isFalse();
            assertThat(next.idle).isEmpty();
        }
        try (Bench old = new Bench(ends);
                Bench next = new Bench(ends)) {
            open(old);
            EmbeddedConnection client = next.unpack(packed(old), false);
            next.receive(client, "last");
            next.hangUp(client);
            assertThat(next.toServer(0)).isEqualTo("last");
            assertThat(next.opened.get(0).isOpen()).isFalse();
            assertThat(PackTest.aborts(next, "client_aborted")).isOne();
        }
    }

    /** An answer to the request would be a message of the tunnel. */
    @ParameterizedTest
    @EnumSource
    void aServerThatFailsIsNotAnsweredFor(Ends ends) {
        try (Bench old = new Bench(Ends.TOGETHER);
                Bench next = new Bench(ends)) {
            open(old);
            EmbeddedConnection client = next.unpack(packed(old), false);
            next.cut(next.opened.get(0));
            assertThat(next.out(client)).isEmpty();
            assertThat(client.isOpen()).isFalse();
            assertThat(PackTest.aborts(next, "server_aborted")).isOne();
        }
    }

    @Test
    void aTunnelComesBackIfTheOtherProcessDoesNotTakeIt() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            open(bench);
            EmbeddedConnection client = bench.unpack(packed(bench), false);
            bench.receive(client, "up");
            assertThat(bench.toServer(1)).isEqualTo("up");
            bench.answer(1, "down");
            assertThat(bench.out(client)).isEqualTo("down");
        }
    }

    /** Told once, at the end, with all that went through either process. */
    @Test
    void itsEndIsToldAsIfItHadBeenThereAllTheTime() {
        try (Bench old = new Bench(Ends.TOGETHER);
                Bench next = new Bench(Ends.TOGETHER)) {
            old.busyFor(10);
            old.send(ASK);
            old.busyFor(2000);
            old.answer(0, SWITCH);
            old.send("12345");
            old.answer(0, "1234567");
            old.toServer(0);
            old.toClient();
            old.busyFor(3000);
            next.watched = true;
            EmbeddedConnection client = next.unpack(packed(old), false);
            next.receive(client, "678");
            next.answer(0, "8");
            next.busyFor(4000);
            next.hangUp(client);
            FinishedExchange told = next.reported.get(0);
            assertThat(next.reported).hasSize(1);
            assertThat(told.service()).isEqualTo("shop");
            assertThat(told.route()).isEqualTo("*");
            assertThat(told.server()).isEqualTo("origin.test:80");
            assertThat(told.client()).isEqualTo("192.0.2.1");
            assertThat(told.method()).isEqualTo("GET");
            assertThat(told.path()).isEqualTo("/chat");
            assertThat(told.status()).isEqualTo(101);
            assertThat(told.requestBytes()).isEqualTo(8);
            assertThat(told.responseBytes()).isEqualTo(8);
            assertThat(TimeUnit.NANOSECONDS.toMillis(told.firstByteNanos())).isEqualTo(2000);
            assertThat(TimeUnit.NANOSECONDS.toMillis(told.totalNanos())).isEqualTo(9000);
            assertThat(told.outcome()).isEqualTo("client-aborted");
            assertThat(bodyBytes(next, "in")).isEqualTo(8);
            assertThat(bodyBytes(next, "out")).isEqualTo(8);
        }
    }

    @Test
    void theClientThatATrustedProxyHasNamedIsToldToo() {
        HttpConfig plain = Bench.config(true, List.of());
        HttpConfig trusting = new HttpConfig(
                plain.upstream(),
                plain.filters(),
                plain.routes(),
                new ForwardedConfig(List.of("192.0.2.0/24")),
                plain.headerLimit(),
                plain.bodyLimit(),
                plain.firstRequestTimeout(),
                plain.headerTimeout(),
                plain.responseTimeout(),
                plain.idleTimeout(),
                plain.tunnelTimeout(),
                plain.minRate(),
                plain.rateGrace(),
                plain.http2());
        try (Bench old = new Bench(Ends.TOGETHER, trusting);
                Bench next = new Bench(Ends.TOGETHER, trusting)) {
            old.send(ASK.replace("Host:", "X-Forwarded-For: 203.0.113.9\r\nHost:"));
            old.answer(0, SWITCH);
            old.toServer(0);
            old.toClient();
            next.watched = true;
            next.hangUp(next.unpack(packed(old), false));
            assertThat(next.reported.get(0).client()).isEqualTo("203.0.113.9");
        }
    }

    /** Neither end takes anything: what was read of either, and had to wait, comes along, and goes out in order. */
    @ParameterizedTest
    @EnumSource
    void whatWaitsOnEitherSideComesAlong(Ends ends) {
        try (Bench old = new Bench(Ends.TOGETHER);
                Bench next = new Bench(ends)) {
            open(old);
            old.client.stalled(true);
            old.opened.get(0).stalled(true);
            old.send("a".repeat(70_000)); // these are on their way out
            old.answer(0, "b".repeat(70_000));
            old.send("second up");
            old.answer(0, "second down");
            EmbeddedConnection client = next.unpack(packed(old), true);
            EmbeddedConnection server = next.opened.get(0);
            assertThat(client.config().isAutoRead()).isFalse();
            assertThat(server.config().isAutoRead()).isFalse();
            for (EmbeddedConnection each : List.of(client, server)) {
                assertThat(each.heldDirect()).isPositive();
                assertThat(each.unsafe().outboundBuffer().totalPendingWriteBytes())
                        .as("with what Netty counts for one message")
                        .isLessThan(Bench.UNSENT + 100);
            }
            next.receive(client, ", third up");
            next.receive(server, ", third down");
            next.under(client, () -> client.stalled(false));
            assertThat(next.out(client)).isEqualTo("x".repeat(Bench.UNSENT) + "second down, third down");
            assertThat(server.config().isAutoRead()).isTrue();
            next.under(server, () -> server.stalled(false));
            assertThat(next.toServer(0)).isEqualTo("x".repeat(Bench.UNSENT) + "second up, third up");
            assertThat(client.config().isAutoRead()).isTrue();
            assertEchoes(next, client);
        }
    }

    /** Where the new process could send at once what the old one could not. */
    @ParameterizedTest
    @EnumSource
    void whatWaitedGoesOnAtOnceIfThereIsRoom(Ends ends) {
        try (Bench old = new Bench(Ends.TOGETHER);
                Bench next = new Bench(ends)) {
            open(old);
            old.client.stalled(true);
            old.opened.get(0).stalled(true);
            old.send("a".repeat(70_000));
            old.answer(0, "b".repeat(70_000));
            old.send("second up");
            old.answer(0, "second down");
            EmbeddedConnection client = next.unpack(packed(old), false);
            assertThat(next.out(client)).isEqualTo("second down");
            assertThat(next.toServer(0)).isEqualTo("second up");
            assertEchoes(next, client);
        }
    }

    /** Bytes between two loops are in neither connection. */
    @Test
    void whatIsOnItsWayBetweenTheEndsIsWaitedFor() {
        try (Bench old = new Bench(Ends.APART);
                Bench next = new Bench(Ends.APART)) {
            open(old);
            Asking asking = old.asking();
            old.arrive(old.client, "up");
            assertThat(old.pack(old.client, asking)).isEqualTo(Packed.NOT_NOW);
            assertThat(asking.again).isZero();
            old.settle();
            assertThat(asking.again).isOne();
            assertThat(old.toServer(0)).isEqualTo("up");
            assertEchoes(next, next.unpack(packed(old), false));
        }
        try (Bench old = new Bench(Ends.APART)) {
            open(old);
            Asking asking = old.asking();
            old.arrive(old.client, "up"); // has the server's loop look at its connection
            assertThat(old.pack(old.client, asking)).isEqualTo(Packed.NOT_NOW);
            old.arrive(old.opened.get(0), "down");
            old.settle();
            assertThat(asking.again).isOne();
            packed(old, "up");
        }
    }

    private static void packed(Bench bench, String sent) {
        assertThat(bench.toServer(0)).isEqualTo(sent);
        bench.toClient();
        packed(bench);
    }

    /** An exchange that was waited for never ends, if it becomes a tunnel. */
    @ParameterizedTest
    @EnumSource
    void theBeginningOfATunnelIsABoundary(Ends ends) {
        try (Bench old = new Bench(ends)) {
            Asking asking = old.asking();
            old.send(ASK);
            assertThat(old.pack(old.client, asking)).isEqualTo(Packed.NOT_NOW);
            old.answer(0, SWITCH);
            assertThat(asking.again).isOne();
            packed(
                    old,
                    "GET /chat?token=x HTTP/1.1\r\nHost: shop\r\nSec-WebSocket-Key: k\r\nX-Forwarded-For: 192.0.2.1\r\n"
                            + "X-Forwarded-Host: shop\r\nX-Forwarded-Proto: http\r\nUpgrade: websocket\r\n"
                            + "Connection: Upgrade\r\n\r\n");
        }
    }

    @Test
    void itsTimeLimitContinues() {
        try (Bench old = new Bench(Ends.TOGETHER);
                Bench next = new Bench(Ends.TOGETHER)) {
            open(old);
            old.pass(3000);
            EmbeddedConnection client = next.unpack(packed(old), false);
            next.pass(500);
            assertThat(client.isOpen()).isTrue();
            next.pass(200);
            assertThat(client.isOpen()).isFalse();
            assertThat(next.opened.get(0).isOpen()).isFalse();
            assertThat(next.refusals(Refusal.TUNNEL_IDLE)).isOne();
        }
    }

    @Test
    void aConnectIsATunnelToo() {
        RouteConfig route = new RouteConfig(
                Optional.of("tunnels"),
                new MatchConfig(Optional.empty(), Optional.empty(), List.of("CONNECT"), Map.of()),
                List.of(),
                Optional.of("app"),
                true,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
        HttpConfig config = Bench.config(false, List.of(), route);
        try (Bench old = new Bench(Ends.TOGETHER, config);
                Bench next = new Bench(Ends.TOGETHER, config);
                Bench other = new Bench(Ends.TOGETHER)) {
            old.send("CONNECT db.test:5432 HTTP/1.1\r\nHost: db.test:5432\r\n\r\n");
            old.answer(0, "HTTP/1.1 200 OK\r\n\r\n");
            old.toServer(0);
            old.toClient();
            Packed packed = packed(old);
            assertThat(other.service.unpacks(packed.state()))
                    .as("no such route")
                    .isFalse();
            next.watched = true;
            EmbeddedConnection client = next.unpack(packed, false);
            assertEchoes(next, client);
            next.hangUp(client);
            assertThat(next.reported.get(0).path()).isEqualTo("db.test:5432");
            assertThat(next.reported.get(0).route()).isEqualTo("tunnels");
        }
    }

    /** The server was removed from the configuration meanwhile: what is told of it has its address all the same. */
    @Test
    void theServerMayBeGone() {
        try (Bench old = new Bench(Ends.TOGETHER);
                Bench next = new Bench(Ends.TOGETHER)) {
            open(old);
            next.servers = List.of(new UpstreamServer("other.test:80", 0));
            next.watched = true;
            next.hangUp(next.unpack(packed(old), false));
            assertThat(next.reported.get(0).server()).isEqualTo("origin.test:80");
        }
    }

    // ----------------------------------------------------------------------------------------------- what cannot move

    /** It would have to be told of the end in a process where it has never seen the request. */
    @Test
    void aFilterKeepsATunnel() {
        ScriptedFilter filter = new ScriptedFilter("a", new ArrayList<>());
        HttpConfig config = Bench.config(true, List.of(FilterScene.choice("a", OnFailure.REFUSE)));
        try (Bench old = new Bench(Ends.TOGETHER, config, Map.of("a", filter))) {
            open(old);
            assertThat(old.pack(old.client, old.asking())).isEqualTo(Packed.NEVER);
            assertThat(old.client.isOpen()).isTrue();
            old.send("up");
            assertThat(old.toServer(0)).isEqualTo("up");
        }
    }

    /** A handler before the service's own is one of TLS, whose keys stay behind. */
    @Test
    void anotherHandlerKeepsATunnel() {
        try (Bench old = new Bench(Ends.TOGETHER)) {
            open(old);
            old.opened.get(0).pipeline().addFirst(new ChannelInboundHandlerAdapter());
            assertThat(old.pack(old.client, old.asking())).isEqualTo(Packed.NEVER);
        }
    }

    @Test
    void aServerInAnotherVersionOfHttpDoesNotKnowIt() {
        try (Bench old = new Bench(Ends.TOGETHER);
                Bench next = new Bench(Ends.TOGETHER, UpstreamProtocol.HTTP_2)) {
            open(old);
            assertThat(next.service.unpacks(packed(old).state())).isFalse();
        }
    }

    /** It ends by itself, and the client gets what the server had sent before. */
    @Test
    void aTunnelWhoseServerHasEndedStays() {
        try (Bench old = new Bench(Ends.TOGETHER)) {
            open(old);
            old.client.stalled(true);
            old.answer(0, "x".repeat(70_000));
            old.answer(0, "last");
            old.hangUp(old.opened.get(0));
            assertThat(old.pack(old.client, old.asking())).isEqualTo(Packed.NOT_NOW);
            old.under(old.client, () -> old.client.stalled(false));
            assertThat(old.toClient()).isEqualTo("x".repeat(70_000) + "last");
        }
    }

    // ------------------------------------------------------------------------------------------------ hostile states

    /** The process before is not trusted: what it sends is a state, or is refused. Nothing is thrown. */
    @Test
    void aWrongStateIsRefused() {
        try (Bench old = new Bench(Ends.TOGETHER);
                Bench next = new Bench(Ends.TOGETHER)) {
            open(old);
            old.send("waits");
            byte[] state = packed(old, old.toServer(0).isEmpty()).state();
            assertThat(next.service.unpacks(state)).isTrue();
            for (int length = 0; length < state.length; length++) {
                assertThat(next.service.unpacks(Arrays.copyOf(state, length)))
                        .as("the first %s bytes", length)
                        .isFalse();
            }
            assertThat(next.service.unpacks(Arrays.copyOf(state, state.length + 1)))
                    .isFalse();
            for (String[] change : new String[][] {
                {"http/1 packed 1", "http/1 packed 2"},
                {"GET", "G T"},
                {"/chat", "/ch\nt"},
                {"\0\0\0\3app", "\0\0\0\3apq"},
                {"\0\0\0\1*", "\0\0\0\1+"},
            }) {
                assertThat(next.service.unpacks(changed(state, change[0], change[1])))
                        .as("%s", (Object) change)
                        .isFalse();
            }
        }
    }

    private static Packed packed(Bench bench, boolean nothing) {
        assertThat(nothing).isFalse();
        return packed(bench);
    }

    private static byte[] changed(byte[] state, String from, String to) {
        String text = new String(state, StandardCharsets.ISO_8859_1);
        assertThat(text).containsOnlyOnce(from);
        return text.replace(from, to).getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Whatever passes the first look costs its own connection at most, and the service goes on. */
    @Test
    void aHostileStateCostsItsOwnConnection() {
        Random random = new Random(16);
        try (Bench old = new Bench(Ends.TOGETHER);
                Bench next = new Bench(Ends.TOGETHER)) {
            open(old);
            Packed packed = packed(old);
            int passed = 0;
            for (int i = 0; i < 2000; i++) {
                byte[] state = packed.state();
                for (int changes = random.nextInt(3); changes >= 0; changes--) {
                    state[random.nextInt(state.length)] = (byte) random.nextInt();
                }
                if (next.service.unpacks(state)) {
                    passed++;
                    try {
                        next.hangUp(next.unpack(Packed.of(state, old.client), false));
                    } catch (IllegalArgumentException refused) {
                        assertThat(refused).hasMessageContaining("does not fit"); // it is none of a tunnel any longer
                    }
                }
            }
            assertThat(passed).isPositive();
            next.warmUp();
        }
    }

    @Test
    void aStateWithoutItsCompanionIsRefused() {
        try (Bench old = new Bench(Ends.TOGETHER);
                Bench next = new Bench(Ends.TOGETHER)) {
            open(old);
            byte[] state = packed(old).state();
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> next.unpack(Packed.of(state), false))
                    .withMessageContaining("companions");
        }
    }
}
