package dev.baton.it.vertx;

import static dev.baton.it.vertx.VertxRig.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.baton.spi.poller.PollerProvider;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.SocketAddress;
import java.net.InetAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What unmodified applications of Vert.x do with files: send them, and listen on them. */
@Timeout(60)
class VertxFileIT {
    private static final int BYTES = 4 << 20;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aServerSendsAFileAndAPartOfOne(PollerProvider poller) throws Exception {
        byte[] content = new byte[BYTES];
        new Random(5).nextBytes(content);
        Path file = Files.write(folder.resolve("file.bin"), content);
        try (VertxRig rig = VertxRig.start(poller, 2)) {
            HttpServer server = rig.vertx().createHttpServer().requestHandler(request -> {
                if (request.path().equals("/part")) {
                    request.response().sendFile(file.toString(), 1_000, 2_000_000);
                } else {
                    request.response().sendFile(file.toString());
                }
            });
            int port = get(server.listen(0, "127.0.0.1")).actualPort();
            // Twice: the connection is as good after a file as before.
            for (int i = 0; i < 2; i++) {
                assertThat(body(rig, port, "/").getBytes()).isEqualTo(content);
                assertThat(body(rig, port, "/part").getBytes())
                        .isEqualTo(Arrays.copyOfRange(content, 1_000, 2_001_000));
            }
        }
    }

    private static Buffer body(VertxRig rig, int port, String path) throws Exception {
        return get(rig.httpClient()
                .request(HttpMethod.GET, port, "127.0.0.1", path)
                .compose(request -> request.send().compose(response -> response.body())));
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aUnixServerTakesItsFileAlong(PollerProvider poller) throws Exception {
        Path path = folder.resolve("server.sock");
        SocketAddress address = SocketAddress.domainSocketAddress(path.toString());
        try (VertxRig rig = VertxRig.start(poller, 1)) {
            for (int i = 0; i < 3; i++) {
                NetServer server =
                        rig.vertx().createNetServer().connectHandler(socket -> socket.end(Buffer.buffer("hi")));
                get(server.listen(address));
                assertThat(path).exists();
                try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
                    assertThat(new String(Channels.newInputStream(client).readAllBytes(), StandardCharsets.US_ASCII))
                            .isEqualTo("hi");
                }
                get(server.close());
                assertThat(path).doesNotExist();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aFileThatIsNotTheServersStays(PollerProvider poller) throws Exception {
        Path path = folder.resolve("server.sock");
        SocketAddress address = SocketAddress.domainSocketAddress(path.toString());
        try (VertxRig rig = VertxRig.start(poller, 1);
                ServerSocketChannel other = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            NetServer server = rig.vertx().createNetServer().connectHandler(socket -> {});
            get(server.listen(address));
            Path moved = Files.move(path, folder.resolve("moved.sock"));
            other.bind(UnixDomainSocketAddress.of(path));
            get(server.close());
            assertThat(path).as("the other server's").exists();
            assertThat(moved).as("moved away by somebody").exists();
            assertThat(catchThrowable(() -> get(rig.vertx()
                            .createNetServer()
                            .connectHandler(socket -> {})
                            .listen(SocketAddress.domainSocketAddress(moved.toString())))))
                    .hasMessageContaining("EADDRINUSE");
            assertThat(moved).as("nothing removes what it has not bound").exists();
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aSocketSendsAFile(PollerProvider poller) throws Exception {
        Path file = Files.writeString(folder.resolve("text"), "a file of text");
        try (VertxRig rig = VertxRig.start(poller, 1)) {
            Promise<Void> sent = Promise.promise();
            NetServer server = rig.vertx()
                    .createNetServer()
                    .connectHandler(socket ->
                            socket.sendFile(file.toString()).onComplete(sent).eventually(socket::close));
            int port = get(server.listen(0, "127.0.0.1")).actualPort();
            try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
                assertThat(new String(client.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                        .isEqualTo("a file of text");
            }
            get(sent.future());
        }
    }
}
