package dev.baton.it.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.baton.it.http.HttpStream.Message;
import dev.baton.it.pool.UpstreamRig;
import dev.baton.spi.poller.PollerProvider;
import io.netty.channel.Channel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What clients and servers see of the proxy on real sockets. */
@Timeout(60)
@SuppressWarnings("StringConcatToTextBlock") // the line ends are what matters
class ProtocolIT {
    private static final String HOST = "Host: shop\r\n";

    /** Answers each request with its request line and its body. */
    private static void echo(HttpStream connection, int number) throws IOException {
        Message request;
        while ((request = connection.readRequest()) != null) {
            String line = request.line();
            connection.send("HTTP/1.1 200 OK\r\nX-Line: " + line + "\r\nX-Number: " + number + "\r\nContent-Length: "
                    + request.body().length + "\r\n\r\n");
            if (!line.startsWith("HEAD ")) {
                connection.send(request.body());
            }
        }
    }

    /** Answers every request with the same text. */
    private static Origin.Play always(String answer) {
        return (connection, number) -> {
            while (connection.readRequest() != null) {
                connection.send(answer);
            }
        };
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void pipelinedRequestsAreAnsweredInOrder(PollerProvider poller) throws Exception {
        try (Origin origin = new Origin(ProtocolIT::echo);
                ProxyRig rig = ProxyRig.inFrontOf(poller, origin);
                HttpStream client = rig.client()) {
            StringBuilder requests = new StringBuilder();
            for (int i = 0; i < 100; i++) {
                requests.append(
                        switch (i % 3) {
                            case 0 -> "GET /" + i + " HTTP/1.1\r\n" + HOST + "\r\n";
                            case 1 ->
                                "POST /" + i + " HTTP/1.1\r\n" + HOST + "Content-Length: 5\r\n\r\n" + (10_000 + i);
                            default -> "HEAD /" + i + " HTTP/1.1\r\n" + HOST + "\r\n";
                        });
            }
            client.send(requests.toString());
            for (int i = 0; i < 100; i++) {
                Message answer = Objects.requireNonNull(client.readResponse(i % 3 == 2));
                assertThat(answer.field("X-Line")).contains(" /" + i + " ");
                assertThat(answer.text()).isEqualTo(i % 3 == 1 ? String.valueOf(10_000 + i) : "");
            }
            assertThat(origin.accepted()).isEqualTo(1);
            await().until(() -> rig.upstream.snapshot().idle() == 1);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void chunksAndTrailersGoThroughBothWays(PollerProvider poller) throws Exception {
        String answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Digest\r\n\r\n"
                + "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nDigest: 1\r\n\r\n";
        try (Origin origin = new Origin((connection, number) -> {
                    Message request;
                    while ((request = connection.readRequest()) != null) {
                        assertThat(request.text()).isEqualTo("hello");
                        assertThat(request.trailers()).isEqualTo("Checksum: 7\r\n");
                        connection.send(answer);
                    }
                });
                ProxyRig rig = ProxyRig.inFrontOf(poller, origin);
                HttpStream client = rig.client()) {
            for (int i = 0; i < 3; i++) {
                client.send("PUT / HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n");
                client.send("3\r\nllo\r\n0\r\nChecksum: 7\r\n\r\n");
                Message got = client.response();
                assertThat(got.text()).isEqualTo("abcde");
                assertThat(got.trailers()).isEqualTo("Digest: 1\r\n");
            }
            assertThat(origin.failures).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aClientMayWaitForTheServersLeaveToContinue(PollerProvider poller) throws Exception {
        try (Origin origin = new Origin((connection, number) -> {
                    String head = connection.readHead();
                    assertThat(head).contains("Expect: 100-continue\r\n");
                    connection.send("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
                    assertThat(new String(connection.in.readNBytes(5), StandardCharsets.US_ASCII))
                            .isEqualTo("hello");
                    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                    connection.readHead();
                });
                ProxyRig rig = ProxyRig.inFrontOf(poller, origin);
                HttpStream client = rig.client()) {
            client.send("PUT / HTTP/1.1\r\n" + HOST + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
            assertThat(client.readHead()).startsWith("HTTP/1.1 103 ").contains("Link: a\r\n");
            assertThat(client.readHead()).isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");
            client.send("hello");
            assertThat(client.response().text()).isEqualTo("ok");
            assertThat(origin.failures).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void http10ClientsAreServedAndKeptIfTheyAsk(PollerProvider poller) throws Exception {
        try (Origin origin = new Origin(ProtocolIT::echo);
                ProxyRig rig = ProxyRig.inFrontOf(poller, origin)) {
            try (HttpStream client = rig.client()) {
                for (int i = 0; i < 3; i++) {
                    client.send("GET /" + i + " HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
                    Message answer = client.response();
                    assertThat(answer.field("Connection")).isEqualTo("keep-alive");
                    assertThat(answer.field("X-Line")).isEqualTo("GET /" + i + " HTTP/1.1");
                }
            }
            try (HttpStream client = rig.client()) {
                client.send("GET / HTTP/1.0\r\n\r\n");
                assertThat(client.response().field("Connection")).isEqualTo("close");
                assertThat(client.in.read()).isNegative();
            }
        }
    }

    /** It cannot read chunks: the end of the connection has to be the end of the body. */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void http10ClientsGetChunkedAnswersUntilTheClose(PollerProvider poller) throws Exception {
        String date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
        String answer = "HTTP/1.1 200 OK\r\n" + date + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
        try (Origin origin = new Origin(always(answer));
                ProxyRig rig = ProxyRig.inFrontOf(poller, origin);
                HttpStream client = rig.client()) {
            client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
            assertThat(client.readAll()).isEqualTo("HTTP/1.1 200 OK\r\n" + date + "Connection: close\r\n\r\nhello");
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void http10ClientsAreResetIfTheAnswerIsCutOff(PollerProvider poller) throws Exception {
        try (Origin origin = new Origin((connection, number) -> {
                    connection.readRequest();
                    connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
                });
                ProxyRig rig = ProxyRig.inFrontOf(poller, origin);
                HttpStream client = rig.client()) {
            client.send("GET / HTTP/1.0\r\n\r\n");
            assertThatThrownBy(client::readAll).isInstanceOf(SocketException.class);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void eachSideMaySayThatItCloses(PollerProvider poller) throws Exception {
        String closing = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello";
        try (Origin origin = new Origin((connection, number) -> {
                    if (number == 0) {
                        connection.readRequest();
                        connection.send(closing);
                    } else {
                        echo(connection, number);
                    }
                });
                ProxyRig rig = ProxyRig.inFrontOf(poller, origin);
                HttpStream client = rig.client()) {
            client.send("GET / HTTP/1.1\r\n" + HOST + "\r\n");
            Message first = client.response();
            assertThat(first.text()).isEqualTo("hello");
            assertThat(first.field("Connection")).isNull();
            client.send(
                    "GET / HTTP/1.1\r\n" + HOST + "Connection: close\r\n\r\nGET /more HTTP/1.1\r\n" + HOST + "\r\n");
            Message second = client.response();
            assertThat(second.field("X-Number")).isEqualTo("1");
            assertThat(second.field("Connection")).isEqualTo("close");
            assertThat(client.in.read()).isNegative();
            await().until(() -> rig.clients.stream().noneMatch(Channel::isOpen));
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void anAnswerMayEndWithItsConnection(PollerProvider poller) throws Exception {
        try (Origin origin = new Origin((connection, number) -> {
                    connection.readRequest();
                    connection.send("HTTP/1.1 200 OK\r\n\r\n" + "x".repeat(100_000));
                });
                ProxyRig rig = ProxyRig.inFrontOf(poller, origin);
                HttpStream client = rig.client()) {
            for (int i = 0; i < 3; i++) {
                client.send("GET / HTTP/1.1\r\n" + HOST + "\r\n");
                assertThat(client.response().body()).hasSize(100_000);
            }
        }
    }

    static Stream<Arguments> refused() {
        String post = "POST / HTTP/1.1\r\n" + HOST;
        List<Arguments> cases = List.of(
                Arguments.of(400, "nonsense\r\n\r\n"),
                Arguments.of(400, "GET / HTTP/1.1\r\n\r\n"),
                Arguments.of(400, "GET / HTTP/1.1\r\n" + HOST + HOST + "\r\n"),
                Arguments.of(400, "GET / HTTP/1.1\r\n" + HOST + "A: b\rC: d\r\n\r\n"),
                Arguments.of(400, "GET / HTTP/1.1\r\n" + HOST + "A: b\nC: d\r\n\r\n"),
                Arguments.of(400, "GET / HTTP/1.1\r\n" + HOST + "A : b\r\n\r\n"),
                Arguments.of(400, "GET / HTTP/1.1\r\n" + HOST + "A: b\r\n c\r\n\r\n"),
                Arguments.of(400, post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                Arguments.of(400, post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
                Arguments.of(400, post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
                Arguments.of(400, post + "Content-Length: +5\r\n\r\nhello"),
                Arguments.of(400, post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
                Arguments.of(400, post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
                Arguments.of(400, post + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n"),
                Arguments.of(414, "GET /" + "x".repeat(9000) + " HTTP/1.1\r\n" + HOST + "\r\n"),
                Arguments.of(431, "GET / HTTP/1.1\r\n" + HOST + "A: " + "x".repeat(9000) + "\r\n\r\n"),
                Arguments.of(431, "GET / HTTP/1.1\r\n" + HOST + "A: b\r\n".repeat(300) + "\r\n"),
                Arguments.of(501, "CONNECT shop:443 HTTP/1.1\r\n" + HOST + "\r\n"),
                Arguments.of(505, "GET / HTTP/2.0\r\n" + HOST + "\r\n"));
        return dev.baton.it.Pollers.all()
                .flatMap(poller -> cases.stream().map(each -> Arguments.of(poller, each.get()[0], each.get()[1])));
    }

    /** What follows is not looked at: it would be taken for a request that the client never sent. */
    @ParameterizedTest
    @MethodSource("refused")
    void whatIsNoRequestIsRefusedAndNothingBehindItIsRead(PollerProvider poller, int status, String request)
            throws Exception {
        try (Origin origin = new Origin(ProtocolIT::echo);
                ProxyRig rig = ProxyRig.inFrontOf(poller, origin);
                HttpStream client = rig.client()) {
            client.send("GET /before HTTP/1.1\r\n" + HOST + "\r\n");
            assertThat(client.response().status()).isEqualTo(200);
            client.send(request + "GET /smuggled HTTP/1.1\r\n" + HOST + "\r\n");
            Message refusal = client.response();
            assertThat(refusal.status()).isEqualTo(status);
            assertThat(refusal.field("Connection")).isEqualTo("close");
            assertThat(client.in.read()).isNegative();
            try (HttpStream another = rig.client()) {
                another.send("GET /after HTTP/1.1\r\n" + HOST + "\r\n");
                assertThat(another.response().field("X-Line")).isEqualTo("GET /after HTTP/1.1");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aServerThatRefusesIsABadGatewayAndOneThatIsSilentATimeout(PollerProvider poller) throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        ProxyRig.Options options = new ProxyRig.Options();
        options.responseTimeout = UpstreamRig.SHORT;
        try (Socket deaf = new Socket();
                Origin silent = new Origin((connection, number) -> over.await())) {
            deaf.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            try (ProxyRig rig = new ProxyRig(poller, options, List.of("127.0.0.1:" + deaf.getLocalPort()));
                    HttpStream client = rig.client()) {
                for (int i = 0; i < 2; i++) {
                    client.send("GET / HTTP/1.1\r\n" + HOST + "\r\n");
                    assertThat(client.response().status()).isEqualTo(502);
                }
                assertThat(rig.refusals("connect_failed")).isEqualTo(2);
            }
            try (ProxyRig rig = new ProxyRig(poller, options, List.of(silent.address()));
                    HttpStream client = rig.client()) {
                for (int i = 0; i < 2; i++) {
                    client.send("GET / HTTP/1.1\r\n" + HOST + "\r\n");
                    assertThat(client.response().status()).isEqualTo(504);
                }
                assertThat(rig.refusals("response_timeout")).isEqualTo(2);
                await().until(() -> rig.upstream.channels.stream().noneMatch(Channel::isOpen));
            } finally {
                over.countDown();
            }
        }
    }
}
