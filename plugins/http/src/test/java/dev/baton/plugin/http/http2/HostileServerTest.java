package dev.baton.plugin.http.http2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.HttpPlugin;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Origin;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameTypes;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.function.IntFunction;

/** Servers that break the rules of HTTP/2, or keep them and cost too much: their connections end, and are counted. */
class HostileServerTest {
    private static final int END_HEADERS = 4;

    private static Origin start(PluginWorld world) {
        Origin origin = world.origin();
        world.plugin(HttpPlugin.class);
        world.start("""
                listeners: { web: { bind: "127.0.0.1:0", service: shop } }
                services:
                  shop: { type: http, upstream: app, header-limit: 4KiB, http2: { max-idle-frames: 10 } }
                upstreams: { app: { servers: ["%s"], protocol: http/2, max-connections: 1, eject: off } }
                """.formatted(origin.address()));
        return origin;
    }

    private static Peer post(PluginWorld world) {
        Peer client = world.connect("web");
        client.send("POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 1\r\n\r\nx");
        return client;
    }

    private static long count(PluginWorld world, Refusal refusal) {
        return world.metrics()
                .counter("baton_http_refusals_total", "", "service", "shop", "reason", refusal.label())
                .count();
    }

    /** A connection each: the exchange is answered, and the connection ends. */
    private static void endsTheConnection(
            PluginWorld world, Refusal refusal, Map<String, Function<Http2Client, String>> attacks) {
        Origin origin = start(world);
        attacks.forEach((name, attack) -> {
            Peer client = post(world);
            Peer connection = origin.accept();
            Http2Client server = Http2Client.serving(connection);
            assertThat(server.next()).as(name).startsWith("HEADERS 3");
            long before = count(world, refusal);
            server.send(attack.apply(server));
            assertThat(client.readUntil("\r\n\r\n")).as(name).startsWith("HTTP/1.1 502 ");
            assertThat(count(world, refusal)).as(name).isEqualTo(before + 1);
            connection.readAll();
        });
    }

    @InEachWorld
    void shouldEndAConnectionThatBringsNothing(PluginWorld world) {
        Map<String, Function<Http2Client, String>> attacks = new LinkedHashMap<>();
        attacks.put("pings", server -> Http2Client.ping(0).repeat(60));
        attacks.put("settings", server -> Http2Client.settings().repeat(60));
        attacks.put("unknown frames", server -> Http2Client.frame(99, 0, 0, "x").repeat(60));
        attacks.put("windows", server -> Http2Client.window(3, 1).repeat(60));
        attacks.put(
                "many small pieces of a head",
                server -> Http2Client.frame(Http2FrameTypes.HEADERS, 0, 3, "")
                        + Http2Client.frame(Http2FrameTypes.CONTINUATION, 0, 3, "")
                                .repeat(60));
        endsTheConnection(world, Refusal.TOO_MANY_SERVER_FRAMES, attacks);
    }

    @InEachWorld
    void shouldEndAConnectionThatIsNotHttp2(PluginWorld world) {
        Map<String, Function<Http2Client, String>> attacks = new LinkedHashMap<>();
        attacks.put(
                "a push",
                server -> Http2Client.frame(
                        Http2FrameTypes.PUSH_PROMISE,
                        END_HEADERS,
                        3,
                        Http2Client.number(2)
                                + server.block(
                                        3, ":method", "GET", ":scheme", "http", ":path", "/", ":authority", "a")));
        attacks.put("a stream of the server's", server -> server.answer(2, true, "200"));
        attacks.put("data of a stream that is none", server -> Http2Client.data(9, "x", true));
        attacks.put("an answer of HTTP/1.1", server -> "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        attacks.put("too large a window", server -> Http2Client.window(0, Integer.MAX_VALUE));
        attacks.put("too much padding", server -> Http2Client.frame(Http2FrameTypes.DATA, 8, 3, "\u00ffxx"));
        endsTheConnection(world, Refusal.BAD_SERVER_FRAME, attacks);
    }

    /** An answer that has begun cannot become another: its client sees that it is not complete. */
    @InEachWorld
    void shouldCutAnAnswerWhoseBodyIsEmptyPieces(PluginWorld world) {
        Origin origin = start(world);
        Http2Client client = Http2Client.over(world.connect("web"));
        client.send(client.get(1, "/"));
        Http2Client server = Http2Client.serving(origin.accept());
        assertThat(server.next()).startsWith("HEADERS 3");
        server.send(server.answer(3, false, "200"));
        assertThat(client.next()).startsWith("HEADERS 1 :status=200");
        server.send(Http2Client.data(3, "", false).repeat(60));
        assertThat(client.next()).startsWith("RESET 1 ");
        assertThat(count(world, Refusal.TOO_MANY_SERVER_FRAMES)).isOne();
    }

    /** What is under way of an answer that is no longer wanted is not the server's fault. */
    @InEachWorld
    void shouldKeepAConnectionWhoseAnswersAreNotWanted(PluginWorld world) {
        Origin origin = start(world);
        Peer stays = world.connect("web");
        stays.send("GET /stays HTTP/1.1\r\nHost: shop\r\n\r\n");
        Http2Client server = Http2Client.serving(origin.accept());
        assertThat(server.next()).startsWith("HEADERS 3");
        Http2Client client = Http2Client.over(world.connect("web"));
        client.send(client.get(1, "/"));
        assertThat(server.next()).startsWith("HEADERS 5");
        client.send(Http2Client.reset(1, Http2Error.CANCEL));
        assertThat(server.next()).isEqualTo("RESET 5 CANCEL");
        server.send(
                server.answer(5, false, "200"), Http2Client.data(5, "x", false).repeat(200));
        server.send(server.answer(3, true, "204"));
        assertThat(stays.readUntil("\r\n\r\n")).startsWith("HTTP/1.1 204 ");
    }

    /** What is wrong with one answer ends its exchange, and the connection serves the others. */
    @InEachWorld
    void shouldEndOneExchangeWhoseAnswerIsMalformed(PluginWorld world) {
        Origin origin = start(world);
        Peer stays = world.connect("web");
        stays.send("GET /stays HTTP/1.1\r\nHost: shop\r\n\r\n");
        Http2Client server = Http2Client.serving(origin.accept());
        assertThat(server.next()).startsWith("HEADERS 3");
        Map<String, IntFunction<String>> answers = new LinkedHashMap<>();
        answers.put("no status", id -> server.head(id, true, "a", "b"));
        answers.put("a status that is none", id -> server.answer(id, true, "2xx"));
        answers.put("two", id -> server.answer(id, true, "200", ":status", "200"));
        answers.put("a pseudo-field of requests", id -> server.answer(id, true, "200", ":path", "/"));
        answers.put("101", id -> server.answer(id, false, "101"));
        answers.put("an end before the answer", id -> server.answer(id, true, "103"));
        answers.put("a field of the connection's", id -> server.answer(id, true, "200", "connection", "close"));
        answers.put("a coding", id -> server.answer(id, true, "200", "transfer-encoding", "chunked"));
        answers.put("a capital letter", id -> server.answer(id, true, "200", "X-A", "b"));
        answers.put("two lengths", id -> server.answer(id, true, "200", "content-length", "1", "content-length", "2"));
        answers.put("a length without a body", id -> server.answer(id, true, "200", "content-length", "1"));
        answers.put("a body before its head", id -> Http2Client.data(id, "x", true));
        answers.put("a head over the limit", id -> server.answer(id, true, "200", "a", "b".repeat(5000)));
        answers.put("a head far over the limit", id -> server.answer(id, true, "200", "a", "b".repeat(15_000)));
        answers.put(
                "a large head of few bytes",
                id -> server.answer(
                        id, true, "200", "a", "b".repeat(2000), "a", "b".repeat(2000), "a", "c".repeat(100)));
        int stream = 3;
        for (Map.Entry<String, IntFunction<String>> each : answers.entrySet()) {
            Peer client = post(world);
            stream += 2;
            assertThat(server.next("HEADERS")).as(each.getKey()).startsWith("HEADERS " + stream);
            server.send(each.getValue().apply(stream));
            assertThat(client.readUntil("\r\n\r\n")).as(each.getKey()).startsWith("HTTP/1.1 502 ");
            assertThat(server.next("RESET")).as(each.getKey()).startsWith("RESET " + stream + " PROTOCOL_ERROR");
        }
        assertThat(count(world, Refusal.BAD_RESPONSE)).isEqualTo(answers.size());
        server.send(server.answer(3, true, "204"));
        assertThat(stays.readUntil("\r\n\r\n")).startsWith("HTTP/1.1 204 ");
    }
}
