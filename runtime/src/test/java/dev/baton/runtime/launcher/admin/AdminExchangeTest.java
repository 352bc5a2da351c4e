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
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class AdminExchangeTest {
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
                client.getOutputStream().write(answer.getBytes(StandardCharsets.UTF_8));
                return request.toString();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        return new AdminExchange("127.0.0.1:" + server.getLocalPort(), null, token);
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
                .isEqualTo(new Answer(401, "no token\n"));
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
                "HTTP/1.1 200 OK\r\nContent-",
                "SSH-2.0-OpenSSH_9.2\r\n",
                ""
            })
    void shouldNotTakeAPartForTheWhole(String answer) {
        AdminExchange exchange = answering(answer, "");
        assertThatIOException().isThrownBy(() -> exchange.send("GET", "/", ""));
    }

    @Test
    void shouldSayThatNobodyListens() throws IOException {
        AdminExchange exchange = new AdminExchange("127.0.0.1:" + server.getLocalPort(), null, "");
        server.close();
        assertThatThrownBy(() -> exchange.send("GET", "/", "")).isInstanceOf(ConnectException.class);
    }
}
