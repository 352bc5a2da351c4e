package dev.baton.plugin.http.http2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.Bench;
import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.config.Http2Config;
import dev.baton.plugin.http.config.HttpConfig;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.spi.config.ByteSize;
import dev.baton.spi.upstream.UpstreamProtocol;
import io.netty.handler.codec.http2.Http2Error;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What throws and must not: it costs its own stream, and none of the connection's others. */
class ThrownInAStreamTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private static IllegalStateException wrong() {
        return new IllegalStateException("wrong");
    }

    private static void expectThrown(Bench bench, int times) {
        assertThat(bench.thrown).hasSize(times).allMatch("http: java.lang.IllegalStateException: wrong"::equals);
    }

    /** Stream 1 is under way; another one gets its answer after it. */
    private static void expectOthersGoOn(Bench bench, Http2Client client, int next) {
        client.send(client.get(next, "/next"));
        bench.answer(bench.opened.size() - 1, OK);
        assertThat(client.frames())
                .containsExactly("HEADERS " + next + " :status=200 content-length=2", "DATA " + next + " ok END");
        bench.answer(0, OK);
        assertThat(client.frames()).containsExactly("HEADERS 1 :status=200 content-length=2", "DATA 1 ok END");
    }

    @ParameterizedTest
    @EnumSource
    void shouldAnswerWith500IfThereIsNoResponseYet(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.get(1, "/long"));
            bench.atNext.add(wrong());
            client.send(client.get(3, "/"));
            assertThat(client.frames()).first().asString().startsWith("HEADERS 3 :status=500 ");
            assertThat(bench.refusals(Refusal.INTERNAL_ERROR)).isOne();
            expectThrown(bench, 1);
            expectOthersGoOn(bench, client, 5);
        }
    }

    /** Errors of code, which leave the JVM as it was. */
    @ParameterizedTest
    @EnumSource
    void shouldKeepTheOthersAfterAnError(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.get(1, "/long"));
            List<Error> errors =
                    List.of(new AssertionError("wrong"), new NoClassDefFoundError("wrong"), new StackOverflowError());
            int stream = 3;
            for (Error each : errors) {
                bench.atNext.add(each);
                client.send(client.get(stream, "/"));
                assertThat(client.frames()).first().asString().startsWith("HEADERS " + stream + " :status=500 ");
                stream += 2;
            }
            assertThat(bench.thrown)
                    .containsExactlyElementsOf(
                            errors.stream().map(each -> "http: " + each).toList());
            expectOthersGoOn(bench, client, stream);
        }
    }

    /** In a message of a server's connection, with 500 as well, or with a reset behind a head. */
    @ParameterizedTest
    @EnumSource
    void shouldKeepTheOthersIfAnAnswerFails(Ends ends) {
        try (Bench bench = new Bench(ends, UpstreamProtocol.HTTP_2)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.get(1, "/long"), client.get(3, "/"), client.get(5, "/more"));
            Http2Client server = server(bench);
            bench.atAnswered.add(wrong());
            server.send(server.answer(5, true, "204"));
            assertThat(client.frames()).first().asString().startsWith("HEADERS 3 :status=500 ");
            expectThrown(bench, 1);
            bench.watched = true;
            bench.atEnd.add(wrong());
            server.send(server.answer(7, false, "200"), Http2Client.data(7, "x", true));
            assertThat(client.frames()).last().isEqualTo("RESET 5 INTERNAL_ERROR");
            expectThrown(bench, 2);
            client.send(client.get(7, "/next"));
            server.send(server.answer(9, true, "204"), server.answer(3, true, "204"));
            assertThat(client.frames()).containsExactly("HEADERS 7 :status=204 END", "HEADERS 1 :status=204 END");
            assertThat(bench.opened).hasSize(1);
        }
    }

    /** One that has read the preface of the first connection. */
    private static Http2Client server(Bench bench) {
        assertThat(bench.toServer(0)).startsWith(Http2Client.preface());
        Http2Client server = new Http2Client(bench, bench.opened.get(0));
        server.send(Http2Client.settings() + Http2Client.settingsAck());
        server.frames();
        return server;
    }

    /** Of a server in HTTP/1.1, whose connection has one exchange. */
    @ParameterizedTest
    @EnumSource
    void shouldKeepTheOthersIfAnAnswerInHttp1Fails(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.get(1, "/long"), client.get(3, "/"));
            bench.atAnswered.add(wrong());
            bench.answer(1, OK);
            assertThat(client.frames()).first().asString().startsWith("HEADERS 3 :status=500 ");
            expectThrown(bench, 1);
            expectOthersGoOn(bench, client, 5);
        }
    }

    /** Whatever its end throws, a reset is not answered with another (RFC 9113, section 5.4.2). */
    @ParameterizedTest
    @EnumSource
    void shouldNotAnswerAResetThatFails(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.watched = true;
            Http2Client client = Http2Client.begun(bench);
            client.send(client.get(1, "/long"), client.get(3, "/"));
            bench.atEnd.add(wrong());
            client.send(Http2Client.reset(3, Http2Error.CANCEL));
            expectThrown(bench, 1);
            assertThat(client.frames()).isEmpty();
            expectOthersGoOn(bench, client, 5);
        }
    }

    /** The bytes of bodies that are dropped are the connection's again. */
    @ParameterizedTest
    @EnumSource
    void shouldGiveBackTheWindowOfABodyThatFails(Ends ends) {
        HttpConfig plain = Bench.config(true, List.of());
        HttpConfig config = new HttpConfig(
                plain.upstream(),
                plain.filters(),
                plain.routes(),
                plain.forwarded(),
                plain.headerLimit(),
                Optional.of(new ByteSize(100)),
                plain.firstRequestTimeout(),
                plain.headerTimeout(),
                plain.responseTimeout(),
                plain.idleTimeout(),
                plain.tunnelTimeout(),
                plain.minRate(),
                plain.rateGrace(),
                new Http2Config(100, new ByteSize(64 << 10), 10_000, 2000, 16));
        try (Bench bench = new Bench(ends, config)) {
            bench.watched = true;
            Http2Client client = Http2Client.begun(bench);
            bench.connectLater = true;
            String piece = "x".repeat(16_000);
            int outstanding = 0;
            int streams = 450; // whose bodies are more than the window
            for (int stream = 3; stream < 3 + 2 * streams; stream += 2) {
                client.send(client.post(stream, "/in"));
                bench.atEnd.add(wrong());
                client.send(Http2Client.data(stream, piece, false));
                outstanding += piece.length();
                for (String each : client.frames()) {
                    assertThat(each).doesNotStartWith("GOAWAY");
                    if (each.startsWith("WINDOW 0 ")) {
                        outstanding -= Integer.parseInt(each.substring("WINDOW 0 ".length()));
                    }
                }
            }
            expectThrown(bench, streams);
            assertThat(outstanding).isLessThan(100 * 65_536 / 2 + piece.length());
        }
    }
}
