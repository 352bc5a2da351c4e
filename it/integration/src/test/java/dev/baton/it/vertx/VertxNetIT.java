package dev.baton.it.vertx;

import static dev.baton.it.vertx.VertxRig.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.baton.it.Pollers;
import dev.baton.spi.poller.PollerProvider;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.SocketAddress;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Unmodified TCP servers and clients of Vert.x on Baton's loops and channels. */
@Timeout(60)
class VertxNetIT {
    private static final int CHUNK_SIZE = 64 * 1024;

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aBigStreamGoesThereAndBackThroughFullBuffers(PollerProvider poller) throws Exception {
        int chunks = 512;
        try (VertxRig rig = VertxRig.start(poller, 2)) {
            NetServer server = rig.vertx().createNetServer().connectHandler(socket -> socket.pipeTo(socket));
            int port = get(server.listen(0, "127.0.0.1")).actualPort();
            CRC32 sent = new CRC32();
            CRC32 received = new CRC32();
            long[] length = new long[1];
            Promise<Void> all = Promise.promise();
            Promise<Void> full = Promise.promise();
            NetSocket socket = get(rig.netClient().connect(port, "127.0.0.1").map(connected -> {
                connected.handler(buffer -> {
                    received.update(buffer.getBytes());
                    length[0] += buffer.length();
                    if (length[0] == (long) chunks * CHUNK_SIZE) {
                        all.complete();
                    }
                });
                send(connected, chunks, sent, full);
                return connected;
            }));
            get(full.future());
            get(all.future());
            assertThat(received.getValue()).isEqualTo(sent.getValue());
            get(socket.end());
        }
    }

    private static void send(NetSocket socket, int left, CRC32 sum, Promise<Void> full) {
        int rest = left;
        while (rest > 0) {
            if (socket.writeQueueFull()) {
                int later = rest;
                full.tryComplete();
                socket.drainHandler(room -> send(socket, later, sum, full));
                return;
            }
            byte[] chunk = new byte[CHUNK_SIZE];
            java.util.Arrays.fill(chunk, (byte) rest);
            sum.update(chunk);
            socket.write(Buffer.buffer(chunk));
            rest--;
        }
        socket.drainHandler(null);
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void everythingThatAPeerSentBeforeItsEndIsRead(PollerProvider poller) throws Exception {
        try (VertxRig rig = VertxRig.start(poller, 1)) {
            Buffer all = Buffer.buffer();
            Promise<String> ended = Promise.promise();
            NetServer server = rig.vertx().createNetServer().connectHandler(socket -> {
                socket.handler(all::appendBuffer);
                socket.endHandler(end -> ended.complete(all.toString()));
            });
            int port = get(server.listen(0, "127.0.0.1")).actualPort();
            String text = "half ".repeat(20_000);
            try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
                client.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
                client.shutdownOutput();
                assertThat(get(ended.future())).isEqualTo(text);
                assertThat(client.getInputStream().read()).isEqualTo(-1);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aServerThatIsToLingerKeepsItsConnections(PollerProvider poller) throws Exception {
        try (VertxRig rig = VertxRig.start(poller, 1)) {
            NetServer server = rig.vertx()
                    .createNetServer(new NetServerOptions().setSoLinger(1))
                    .connectHandler(socket -> socket.pipeTo(socket));
            int port = get(server.listen(0, "127.0.0.1")).actualPort();
            try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
                client.getOutputStream().write('a');
                assertThat(client.getInputStream().read()).isEqualTo('a');
            }
        }
    }

    @Test
    void bothEndsOfAUnixSocketHaveAddresses(@TempDir Path folder) throws Exception {
        SocketAddress file =
                SocketAddress.domainSocketAddress(folder.resolve("socket").toString());
        try (VertxRig rig = VertxRig.start(Pollers.chosen(), 1)) {
            Promise<NetSocket> accepted = Promise.promise();
            get(rig.vertx().createNetServer().connectHandler(accepted::complete).listen(file));
            NetSocket client = get(rig.netClient().connect(file));
            assertThat(client.remoteAddress()).isEqualTo(file);
            assertThat(client.localAddress().isDomainSocket()).isTrue();
            NetSocket server = get(accepted.future());
            assertThat(server.localAddress()).isEqualTo(file);
            assertThat(server.remoteAddress().isDomainSocket()).isTrue();
        }
    }

    @Test
    void aServerSharesItsPortIfItIsTold() throws Exception {
        try (VertxRig rig = VertxRig.start(Pollers.chosen(), 1)) {
            for (boolean shared : new boolean[] {true, false}) {
                NetServer server = rig.vertx()
                        .createNetServer(new NetServerOptions().setReusePort(shared))
                        .connectHandler(NetSocket::close);
                int port = get(server.listen(0, "127.0.0.1")).actualPort();
                try (ServerSocket other = new ServerSocket()) {
                    other.setOption(StandardSocketOptions.SO_REUSEPORT, true);
                    Throwable refused = catchThrowable(
                            () -> other.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port)));
                    assertThat(refused == null).isEqualTo(shared);
                }
            }
        }
    }

    /** More than the socket buffers of both ends hold, so that a close would wait for the client. */
    @Test
    void aClientThatTakesNothingIsCutAfterTheUserTimeout() throws Exception {
        try (VertxRig rig = VertxRig.start(Pollers.chosen(), 1)) {
            Promise<Void> closed = Promise.promise();
            NetServer server = rig.vertx()
                    .createNetServer(new NetServerOptions().setTcpUserTimeout(300))
                    .connectHandler(socket -> {
                        socket.closeHandler(closed::complete);
                        socket.write(Buffer.buffer(new byte[32 << 20]));
                    });
            int port = get(server.listen(0, "127.0.0.1")).actualPort();
            try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
                assertThat(client.getInputStream().read()).isZero();
                get(closed.future());
            }
        }
    }

    /** The kernel has no such timeout for them. What the server closes meanwhile would wait for the client as well. */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aUnixClientThatTakesNothingIsCutAfterTheUserTimeout(PollerProvider poller, @TempDir Path folder)
            throws Exception {
        Path file = folder.resolve("socket");
        try (VertxRig rig = VertxRig.start(poller, 1)) {
            Promise<Void> closed = Promise.promise();
            NetServer server = rig.vertx()
                    .createNetServer(new NetServerOptions().setTcpUserTimeout(300))
                    .connectHandler(socket -> {
                        socket.closeHandler(closed::complete);
                        socket.write(Buffer.buffer(new byte[32 << 20]));
                        socket.close();
                    });
            get(server.listen(SocketAddress.domainSocketAddress(file.toString())));
            try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(file))) {
                assertThat(client.read(ByteBuffer.allocate(1))).isEqualTo(1);
                get(closed.future());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aPausedSocketReadsNothingAndLosesNothing(PollerProvider poller) throws Exception {
        try (VertxRig rig = VertxRig.start(poller, 1)) {
            Promise<NetSocket> accepted = Promise.promise();
            NetServer server =
                    rig.vertx().createNetServer().connectHandler(socket -> accepted.complete(socket.pause()));
            int port = get(server.listen(0, "127.0.0.1")).actualPort();
            try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
                client.getOutputStream().write('a');
                NetSocket socket = get(accepted.future());
                Promise<String> first = Promise.promise();
                Promise<Void> end = Promise.promise();
                socket.handler(buffer -> first.complete(buffer.toString()));
                socket.endHandler(end::complete);
                client.shutdownOutput();
                // A turn of the loop in which nothing is read: the socket's events have come before the timer.
                get(rig.vertx().timer(20, java.util.concurrent.TimeUnit.MILLISECONDS));
                assertThat(first.future().isComplete()).isFalse();
                assertThat(end.future().isComplete()).isFalse();
                socket.resume();
                assertThat(get(first.future())).isEqualTo("a");
                get(end.future());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aConnectionWhoseFdIsDeletedFromOutsideEndsAndFailsItsWrites(PollerProvider poller) throws Exception {
        try (VertxRig rig = VertxRig.start(poller, 2)) {
            Promise<NetSocket> accepted = Promise.promise();
            NetServer server =
                    rig.vertx().createNetServer().connectHandler(socket -> accepted.complete(socket.pause()));
            int port = get(server.listen(0, "127.0.0.1")).actualPort();
            NetSocket socket = get(rig.netClient().connect(port, "127.0.0.1"));
            get(accepted.future());
            // Far more than the kernel takes while nobody reads.
            Future<Void> write = socket.write(Buffer.buffer(new byte[64 << 20]));
            Promise<Void> closed = Promise.promise();
            socket.closeHandler(closed::complete);
            rig.fds().stream()
                    .filter(fd -> fd.kind() == dev.baton.spi.fd.FdKind.UPSTREAM)
                    .forEach(fd -> assertThat(rig.table().fdDelete(fd.fd())).isTrue());
            get(closed.future());
            assertThat(write.toCompletionStage().toCompletableFuture()).failsWithin(java.time.Duration.ofSeconds(10));
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aPortIsFreeOnceItsServerIsClosed(PollerProvider poller) throws Exception {
        try (VertxRig rig = VertxRig.start(poller, 2)) {
            NetServer first = rig.vertx().createNetServer().connectHandler(NetSocket::close);
            int port = get(first.listen(0, "127.0.0.1")).actualPort();
            for (int i = 0; i < 20; i++) {
                get(first.close());
                first = rig.vertx().createNetServer().connectHandler(NetSocket::close);
                get(first.listen(port, "127.0.0.1"));
                try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port);
                        InputStream in = client.getInputStream()) {
                    assertThat(in.read()).isEqualTo(-1);
                }
            }
        }
    }
}
