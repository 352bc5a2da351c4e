package dev.baton.runtime.launcher.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.runtime.launcher.admin.AdminExchange.Answer;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class AdminExchangeTest {
    private static final Duration SHORT = Duration.ofMillis(100);
    private static final Duration LONG = Duration.ofSeconds(20);

    private ServerSocket server;
    private CompletableFuture<String> asked = new CompletableFuture<>();

    @BeforeEach
    void listen() throws IOException {
        server = new ServerSocket(0, 4, InetAddress.getLoopbackAddress());
    }

    @AfterEach
    void close() throws IOException {
        server.close();
    }

    /** Answers one request with this, then closes. */
    private AdminExchange answering(String answer, String token) {
        asked = CompletableFuture.supplyAsync(() -> {
            try (Socket client = server.accept()) {
                InputStream in = client.getInputStream();
                StringBuilder request = new StringBuilder();
                while (!isWhole(request)) {
                    request.append((char) in.read());
                }
                write(client, answer);
                return request.toString();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        return new AdminExchange("127.0.0.1:" + server.getLocalPort(), null, token);
    }

    private static void write(Socket client, String answer) {
        try {
            client.getOutputStream().write(answer.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            // It does not read all of it.
        }
    }

    private static boolean isWhole(StringBuilder request) {
        int end = request.indexOf("\r\n\r\n");
        return end >= 0 && (request.indexOf("Content-Length: 2") < 0 || request.length() == end + 6);
    }

    @Test
    void shouldShowTheTokenAndSendTheBody() throws Exception {
        Answer answer = answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "secret")
                .send("POST", "/v1/x", "{}");
        assertThat(answer).isEqualTo(new Answer(200, "hi"));
        assertThat(asked.get(10, TimeUnit.SECONDS))
                .startsWith("POST /v1/x HTTP/1.1\r\nHost: 127.0.0.1:" + server.getLocalPort() + "\r\n")
                .contains("\r\nConnection: close\r\n", "\r\nAuthorization: Bearer secret\r\n")
                .endsWith("\r\nContent-Length: 2\r\n\r\n{}");
    }

    @Test
    void shouldReadAnAnswerInChunks() throws Exception {
        String chunks = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\n\u00e9a\r\n1;x=y\r\nb\r\n0\r\n\r\n";
        assertThat(answering(chunks, "").send("GET", "/", "")).isEqualTo(new Answer(200, "\u00e9ab"));
        assertThat(asked.get(10, TimeUnit.SECONDS)).doesNotContain("Authorization", "Content-Length");
    }

    @Test
    void shouldHandOnLinesAsTheyCome() throws Exception {
        List<String> lines = new ArrayList<>();
        String chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n4\r\ntwo\n\r\n0\r\n\r\n";
        assertThat(answering(chunks, "").lines("/v1/tail", lines::add)).isEqualTo(new Answer(200, ""));
        assertThat(lines).containsExactly("one", "two");
        lines.clear();
        assertThat(answering("HTTP/1.1 401 Unauthorized\r\n\r\nno token", "").lines("/v1/tail", lines::add))
                .isEqualTo(new Answer(401, "no token"));
        assertThat(lines).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\nab",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nab",
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+2\r\nab\r\n0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-",
                "HTTP/1.1 200 OK\r\nServer : x\r\n\r\nab",
                "HTTP/1.1 200 OK\r\nServer: x\r\n y\r\n\r\nab",
                "HTTP/1.1 100 Continue\r\n\r\n",
                "SSH-2.0-OpenSSH_9.2\r\n",
                ""
            })
    void shouldNotTakeAPartForTheWhole(String answer) {
        AdminExchange exchange = answering(answer, "");
        assertThatIOException().isThrownBy(() -> exchange.send("GET", "/", ""));
    }

    /** RFC 9112, 6.3: it was read as if only one of them had been said, or none. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "HTTP/1.1|Content-Length: 2;Content-Length: 3|the answer has two Content-Lengths, 2 and 3",
                "HTTP/1.1|Content-Length: 2, 2|the Content-Length of the answer is no number",
                "HTTP/1.1|Content-Length: -2|the Content-Length of the answer is no number",
                "HTTP/1.1|Content-Length: 1 2|the Content-Length of the answer is no number",
                "HTTP/1.1|Content-Length:|the Content-Length of the answer is no number",
                "HTTP/1.1|Content-Length: 2;Transfer-Encoding: chunked"
                        + "|the answer has both a Content-Length and a Transfer-Encoding",
                "HTTP/1.1|Transfer-Encoding: gzip, chunked|the answer has a Transfer-Encoding other than chunked",
                "HTTP/1.1|Transfer-Encoding: chunked;Transfer-Encoding: chunked"
                        + "|the answer has a Transfer-Encoding other than chunked",
                "HTTP/1.0|Transfer-Encoding: chunked|the answer has a Transfer-Encoding, which HTTP/1.0 does not know"
            })
    void shouldNotGuessWhereAnAnswerEnds(String version, String fields, String message) {
        String answer = version + " 200 OK\r\n" + fields.replace(";", "\r\n") + "\r\n\r\n2\r\nab\r\n0\r\n\r\n";
        AdminExchange exchange = answering(answer, "");
        assertThatIOException().isThrownBy(() -> exchange.send("GET", "/", "")).withMessage(message);
        AdminExchange again = answering(answer, "");
        assertThatIOException().isThrownBy(() -> again.lines("/", line -> {})).withMessage(message);
    }

    @Test
    void shouldReadNoFurtherThanTheAnswer() throws Exception {
        assertThat(answering("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi, you", "")
                        .send("GET", "/", ""))
                .isEqualTo(new Answer(200, "hi"));
        assertThat(answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi, you", "")
                        .send("GET", "/", ""))
                .isEqualTo(new Answer(200, "hi"));
        assertThat(answering("HTTP/1.1 204 No Content\r\n\r\nhi", "").send("GET", "/", ""))
                .isEqualTo(new Answer(204, ""));
    }

    @Test
    void shouldReadOnlySoMuchOfAnAnswerThatDoesNotSayWhereItEnds() throws Exception {
        String most = "x".repeat(1024 * 1024);
        assertThat(answering("HTTP/1.1 200 OK\r\n\r\n" + most, "").send("GET", "/", ""))
                .isEqualTo(new Answer(200, most));
        AdminExchange exchange = answering("HTTP/1.1 200 OK\r\n\r\n" + most + "xy", "");
        assertThatIOException()
                .isThrownBy(() -> exchange.send("GET", "/", ""))
                .withMessageContaining("neither how long it is nor has chunks");
        AdminExchange line = answering("HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + most + "xy", "");
        assertThatIOException()
                .isThrownBy(() -> line.lines("/", next -> {}))
                .withMessageContaining("a line of the answer is longer");
    }

    /** {@code baton tail} waited for ever for a process that had stopped. */
    @Test
    void shouldNotWaitForEverForAStreamToBegin() throws Exception {
        AdminExchange exchange = new AdminExchange("127.0.0.1:" + server.getLocalPort(), null, "", LONG, SHORT);
        assertThatIOException() // the kernel takes the connection
                .isThrownBy(() -> exchange.lines("/v1/tail", line -> {}))
                .withMessage("it has not answered within 100 ms");
        try (Socket first = server.accept()) {
            assertThat(first.getInputStream().read()).isEqualTo('G');
        }
        CompletableFuture<Answer> answer = CompletableFuture.supplyAsync(() -> {
            try {
                return exchange.lines("/v1/tail", line -> {});
            } catch (IOException e) {
                throw new CompletionException(e);
            }
        });
        try (Socket client = server.accept()) {
            client.getOutputStream()
                    .write("HTTP/1.1 401 No\r\nContent-Length: 5\r\n\r\nno".getBytes(StandardCharsets.UTF_8));
            assertThatThrownBy(() -> answer.get(10, TimeUnit.SECONDS))
                    .as("a refusal has to come whole")
                    .hasMessageContaining("it has not answered within 100 ms");
        }
    }

    @Test
    void shouldNotWaitForEverForAConnection(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("admin.sock");
        List<SocketChannel> clients = new ArrayList<>();
        try (ServerSocketChannel full = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            full.bind(UnixDomainSocketAddress.of(file), 1);
            assertThatIOException().as("no place is left").isThrownBy(() -> {
                while (true) {
                    SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX);
                    clients.add(client);
                    client.configureBlocking(false);
                    client.connect(UnixDomainSocketAddress.of(file));
                }
            });
            AdminExchange exchange = new AdminExchange("", file, "", SHORT, LONG);
            assertThatIOException()
                    .isThrownBy(() -> exchange.send("GET", "/", ""))
                    .withMessage("it has not taken the connection within 100 ms");
        } finally {
            for (SocketChannel each : clients) {
                each.close();
            }
        }
    }

    @Test
    void shouldSayThatNobodyListens() throws IOException {
        AdminExchange exchange = new AdminExchange("127.0.0.1:" + server.getLocalPort(), null, "");
        server.close();
        assertThatThrownBy(() -> exchange.send("GET", "/", "")).isInstanceOf(ConnectException.class);
    }
}
