package dev.baton.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.embed.Baton;
import dev.baton.embed.BatonDatagramChannel;
import dev.baton.embed.BatonServerSocketChannel;
import dev.baton.embed.BatonSocketChannel;
import dev.baton.suites.Batons;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Netty's examples, by their {@code main}, while the loops of one Baton take their connections from each other. They
 * take their ports from system properties, and say on the console what they got.
 */
@Timeout(60)
class NettyExamplesTest {
    private static final String LOOPBACK = InetAddress.getLoopbackAddress().getHostAddress();
    private static final Map<String, String> ANY_PORT = Map.of("port", "0");
    /** More than sockets hold, so that all who pass it on have to wait for each other. */
    private static final int MUCH = 4 << 20;

    private static final int READ_MILLIS = 20_000;

    private final Properties properties = (Properties) System.getProperties().clone();
    private final InputStream in = System.in;
    private final PrintStream out = System.out;
    private final PrintStream err = System.err;
    private final ByteArrayOutputStream said = new ByteArrayOutputStream();
    private final List<Example> examples = new ArrayList<>();
    private final HttpClient http = HttpClient.newHttpClient();
    private final Baton baton = Batons.turning(2);

    @BeforeEach
    void captureConsole() {
        PrintStream console = new PrintStream(said, true, StandardCharsets.UTF_8);
        System.setOut(console);
        System.setErr(console);
    }

    /** Servers return from their {@code main} when their channel is closed. */
    @AfterEach
    void end() throws Exception {
        try {
            baton.close();
            for (Example each : examples) {
                each.awaitEnd();
            }
        } finally {
            System.setProperties(properties);
            System.setIn(in);
            System.setOut(out);
            System.setErr(err);
        }
    }

    private Example start(String name, Map<String, String> itsProperties) throws Exception {
        itsProperties.forEach(System::setProperty);
        Example example = Example.start(baton, name);
        examples.add(example);
        return example;
    }

    private Example start(String name, Example server) throws Exception {
        return start(name, Map.of("port", Integer.toString(server.port())));
    }

    private String said() {
        return said.toString(StandardCharsets.UTF_8);
    }

    private static byte[] much() {
        byte[] bytes = new byte[MUCH];
        new Random(MUCH).nextBytes(bytes);
        return bytes;
    }

    private static void echoes(Socket connection) throws IOException {
        connection.setSoTimeout(READ_MILLIS);
        byte[] sent = much();
        connection.getOutputStream().write(sent);
        assertThat(connection.getInputStream().readNBytes(MUCH)).isEqualTo(sent);
    }

    private <T> HttpResponse<T> get(
            HttpClient.Version version,
            Example server,
            String path,
            HttpResponse.BodyHandler<T> body,
            String... headers)
            throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create("http://" + LOOPBACK + ":" + server.port() + path))
                .version(version);
        if (headers.length > 0) {
            request.headers(headers);
        }
        return http.send(request.build(), body);
    }

    @Test
    void shouldEcho() throws Exception {
        Example server = start("echo.EchoServer", ANY_PORT);
        Example client = start("echo.EchoClient", server);
        assertThat(server.channel()).isInstanceOf(BatonServerSocketChannel.class);
        assertThat(client.channel()).isInstanceOf(BatonSocketChannel.class);
        assertThat(client.twoThreads()).containsExactlyInAnyOrder("baton-loop-0", "baton-loop-1");
        try (Socket connection = new Socket(LOOPBACK, server.port())) {
            echoes(connection);
        }
    }

    @Test
    @Tag("long")
    void shouldSnoop() throws Exception {
        Example server = start("http.snoop.HttpSnoopServer", ANY_PORT);
        start("http.snoop.HttpSnoopClient", Map.of("url", "http://" + LOOPBACK + ":" + server.port() + "/a/path"))
                .awaitEnd();
        assertThat(said())
                .contains("STATUS: 200 OK", "HEADER: set-cookie = my-cookie=foo", "REQUEST_URI: /a/path")
                .contains("END OF CONTENT");
    }

    /** By {@code sendfile}, from the folder in which the server runs. */
    @Test
    @Tag("long")
    void shouldServeFiles(@TempDir Path folder) throws Exception {
        byte[] content = much();
        Files.write(folder.resolve("much"), content);
        Example server = start("http.file.HttpStaticFileServer", Map.of("port", "0", "user.dir", folder.toString()));
        HttpResponse<byte[]> whole = get(HttpClient.Version.HTTP_1_1, server, "/much", BodyHandlers.ofByteArray());
        assertThat(whole.statusCode()).isEqualTo(200);
        assertThat(whole.body()).isEqualTo(content);
        assertThat(said()).contains("Transfer progress: " + MUCH + " / " + MUCH, "Transfer complete.");
        String date = whole.headers().firstValue("last-modified").orElseThrow();
        HttpResponse<String> unchanged =
                get(HttpClient.Version.HTTP_1_1, server, "/much", BodyHandlers.ofString(), "If-Modified-Since", date);
        assertThat(unchanged.statusCode()).isEqualTo(304);
        assertThat(get(HttpClient.Version.HTTP_1_1, server, "/", BodyHandlers.ofString())
                        .body())
                .contains("<a href=\"much\">");
        assertThat(get(HttpClient.Version.HTTP_1_1, server, "/none", BodyHandlers.ofString())
                        .statusCode())
                .isEqualTo(404);
    }

    /** A form of 100 KiB and a file, as a query, as a form and in parts. */
    @Test
    @Tag("long")
    void shouldTakeUploads(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("upload.txt"), "the uploaded text");
        Example server = start("http.upload.HttpUploadServer", ANY_PORT);
        start(
                        "http.upload.HttpUploadClient",
                        Map.of("baseUrl", "http://" + LOOPBACK + ":" + server.port() + "/", "file", file.toString()))
                .awaitEnd();
        assertThat(said()).containsSubsequence("IsMultipart: true", "the uploaded text", "END OF CHUNKED CONTENT");
    }

    @Test
    @Tag("long")
    void shouldAnswerDatagrams() throws Exception {
        Example server = start("qotm.QuoteOfTheMomentServer", ANY_PORT);
        assertThat(server.channel()).isInstanceOf(BatonDatagramChannel.class);
        byte[] question = "QOTM?".getBytes(StandardCharsets.US_ASCII);
        try (DatagramSocket client = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            client.setSoTimeout(READ_MILLIS);
            client.send(new DatagramPacket(question, question.length, InetAddress.getLoopbackAddress(), server.port()));
            DatagramPacket answer = new DatagramPacket(new byte[256], 256);
            client.receive(answer);
            assertThat(new String(answer.getData(), 0, answer.getLength(), StandardCharsets.UTF_8))
                    .startsWith("QOTM: ");
        }
    }

    @Test
    @Tag("long")
    void shouldTalkByWebSocket() throws Exception {
        Example server = start("http.websocketx.server.WebSocketServer", ANY_PORT);
        System.setIn(new ByteArrayInputStream("hello\nping\nbye\n".getBytes(StandardCharsets.US_ASCII)));
        start(
                        "http.websocketx.client.WebSocketClient",
                        Map.of("url", "ws://" + LOOPBACK + ":" + server.port() + "/websocket"))
                .awaitEnd();
        assertThat(said())
                .contains(
                        "WebSocket Client connected!",
                        "WebSocket Client received message: HELLO",
                        "WebSocket Client received pong",
                        "WebSocket Client received closing");
    }

    /** The client begins with HTTP/1.1 and asks for the upgrade. */
    @Test
    @Tag("long")
    void shouldMultiplexHttp2() throws Exception {
        Example server = start("http2.helloworld.multiplex.server.Http2Server", ANY_PORT);
        HttpResponse<String> answer = get(HttpClient.Version.HTTP_2, server, "/", BodyHandlers.ofString());
        assertThat(answer.version()).isEqualTo(HttpClient.Version.HTTP_2);
        assertThat(answer.body()).isEqualTo("Hello World - via HTTP/2");
        start(
                        "http2.helloworld.client.Http2Client",
                        Map.of("port", Integer.toString(server.port()), "url2", "/echo", "url2data", "echo this"))
                .awaitEnd();
        assertThat(said()).contains("Hello World - via HTTP/2", "echo this", "Finished HTTP/2 request(s)");
    }

    /** The client opens its stream by {@code Http2StreamChannelBootstrap}. */
    @Test
    @Tag("long")
    void shouldMultiplexHttp2OverTls() throws Exception {
        System.setProperty("ssl", "");
        Example server = start("http2.helloworld.multiplex.server.Http2Server", ANY_PORT);
        start("http2.helloworld.frame.client.Http2FrameClient", server).awaitEnd();
        assertThat(said())
                .contains("Finished HTTP/2 request")
                .doesNotContain("Did not get HTTP/2 response in expected time.");
    }

    /** The proxy resolves the name. */
    @Test
    @Tag("long")
    void shouldProxyBySocks() throws Exception {
        Example server = start("echo.EchoServer", ANY_PORT);
        Example proxy = start("socksproxy.SocksServer", ANY_PORT);
        try (Socket connection =
                new Socket(new Proxy(Proxy.Type.SOCKS, new InetSocketAddress(LOOPBACK, proxy.port())))) {
            connection.connect(InetSocketAddress.createUnresolved("localhost", server.port()), READ_MILLIS);
            echoes(connection);
        }
    }

    /** It opens its connections by the class and the loop of those that it has accepted. */
    @Test
    @Tag("long")
    void shouldProxyAndDump() throws Exception {
        Example server = start("echo.EchoServer", ANY_PORT);
        Example proxy = start(
                "proxy.HexDumpProxy",
                Map.of("localPort", "0", "remoteHost", LOOPBACK, "remotePort", Integer.toString(server.port())));
        try (Socket connection = new Socket(LOOPBACK, proxy.port())) {
            echoes(connection);
        }
    }
}
