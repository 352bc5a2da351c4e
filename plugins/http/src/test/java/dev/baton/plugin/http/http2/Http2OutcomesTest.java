package dev.baton.plugin.http.http2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.Bench;
import dev.baton.plugin.http.Bench.Ends;
import dev.baton.spi.upstream.UpstreamProtocol;
import io.netty.handler.codec.http2.Http2Error;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the upstream hears of servers in HTTP/2, whose connections carry several exchanges. */
class Http2OutcomesTest {
    private static Http2Client server(Bench bench, int connection) {
        Http2Client server = serverOf(bench, connection);
        server.send(Http2Client.settings() + Http2Client.settingsAck());
        return server;
    }

    private static Http2Client serverOf(Bench bench, int connection) {
        assertThat(bench.toServer(connection)).startsWith(Http2Client.preface());
        return new Http2Client(bench, bench.opened.get(connection));
    }

    /** Clients that ask at once, each on a connection of its own, and share the server's. */
    private static List<Http2Client> ask(Bench bench, int count) {
        List<Http2Client> clients = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Http2Client client = i == 0 ? new Http2Client(bench) : new Http2Client(bench, bench.anotherClient());
            client.send(Http2Client.preface() + Http2Client.settings() + Http2Client.settingsAck());
            client.frames();
            client.send(client.get(1, "/"));
            clients.add(client);
        }
        assertThat(bench.opened).hasSize(1);
        return clients;
    }

    private static void expectBadGateway(List<Http2Client> clients) {
        for (Http2Client each : clients) {
            assertThat(each.frames()).first().asString().startsWith("HEADERS 1 :status=502");
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldCountAConnectionThatClosesOnce(Ends ends) {
        try (Bench bench = new Bench(ends, UpstreamProtocol.HTTP_2)) {
            List<Http2Client> clients = ask(bench, 3);
            bench.hangUp(bench.opened.get(0));
            expectBadGateway(clients);
            assertThat(bench.outcomes).containsExactly("origin.test:80 CLOSED after 0s");
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldCountAConnectionThatIsNoHttp2Once(Ends ends) {
        try (Bench bench = new Bench(ends, UpstreamProtocol.HTTP_2)) {
            List<Http2Client> clients = ask(bench, 3);
            serverOf(bench, 0).send("HTTP/1.1 400 Bad Request\r\n\r\n");
            expectBadGateway(clients);
            assertThat(bench.outcomes).containsExactly("origin.test:80 ERROR after 0s");
        }
    }

    /** Each stream that is reset is a failure of its own. */
    @ParameterizedTest
    @EnumSource
    void shouldCountEachReset(Ends ends) {
        try (Bench bench = new Bench(ends, UpstreamProtocol.HTTP_2)) {
            ask(bench, 2);
            Http2Client server = server(bench, 0);
            server.send(
                    Http2Client.reset(3, Http2Error.INTERNAL_ERROR), Http2Client.reset(5, Http2Error.INTERNAL_ERROR));
            assertThat(bench.outcomes)
                    .containsExactly("origin.test:80 CLOSED after 0s", "origin.test:80 CLOSED after 0s");
        }
    }

    /** A server that refuses each time fails the exchange in the end. */
    @ParameterizedTest
    @EnumSource
    void shouldCountTheLastRefusal(Ends ends) {
        try (Bench bench = new Bench(ends, UpstreamProtocol.HTTP_2)) {
            List<Http2Client> clients = ask(bench, 1);
            Http2Client server = server(bench, 0);
            for (int stream = 3; bench.outcomes.isEmpty(); stream += 2) {
                assertThat(stream).as("streams that were refused").isLessThan(60);
                server.send(Http2Client.reset(stream, Http2Error.REFUSED_STREAM));
            }
            assertThat(bench.outcomes).containsExactly("origin.test:80 ERROR after 0s");
            expectBadGateway(clients);
        }
    }
}
