package dev.baton.it.peers;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.WebSocketBase;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketClientOptions;
import io.vertx.core.http.WebSocketFrame;
import java.nio.ByteBuffer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Vert.x's WebSockets. */
final class VertxSockets implements AutoCloseable {
    static final int MESSAGE_MAX = 64 << 20;

    /** Of a socket's buffer, which would grow to many MiB by itself. */
    private static final int SMALL = 64 * 1024;

    private static final int PATIENCE_SECONDS = 20;

    final Vertx vertx = Vertx.vertx();
    /** The server's ends. */
    final BlockingQueue<Talker> accepted = new LinkedBlockingQueue<>();

    private final HttpServer server;
    /** One for all: Vert.x closes the connections of a client that is garbage. */
    private final WebSocketClient client = vertx.createWebSocketClient(new WebSocketClientOptions()
            .setReceiveBufferSize(SMALL)
            .setMaxMessageSize(MESSAGE_MAX)
            .setMaxFrameSize(MESSAGE_MAX));

    VertxSockets() throws Exception {
        HttpServerOptions options =
                new HttpServerOptions().setMaxWebSocketMessageSize(MESSAGE_MAX).setMaxWebSocketFrameSize(MESSAGE_MAX);
        server = vertx.createHttpServer(options)
                .webSocketHandshakeHandler(handshake -> {
                    if (handshake.path().equals("/refused")) {
                        handshake.reject(403);
                    } else {
                        handshake.accept();
                    }
                })
                .webSocketHandler(socket -> {
                    accepted.add(new Talker(socket));
                })
                .listen(0, "127.0.0.1")
                .await(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    int port() {
        return server.actualPort();
    }

    Talker connect(int port, String path) throws Exception {
        return new Talker(client.connect(port, "127.0.0.1", path).await(PATIENCE_SECONDS, TimeUnit.SECONDS));
    }

    @Override
    public void close() throws Exception {
        vertx.close().await(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    /** One end. */
    static final class Talker extends Talk {
        final WebSocketBase socket;

        Talker(WebSocketBase socket) {
            this.socket = socket;
            socket.textMessageHandler(this::heardText);
            socket.binaryMessageHandler(bytes -> heardBinary(ByteBuffer.wrap(bytes.getBytes())));
            socket.pongHandler(data -> heardPong(data.toString()));
            socket.closeHandler(ended -> {
                Short code = socket.closeStatusCode();
                String reason = socket.closeReason();
                heardClose(code == null ? 1006 : code, reason == null ? "" : reason);
            });
        }

        @Override
        void text(String text) {
            socket.writeTextMessage(text);
        }

        @Override
        void fragments(String first, String second) {
            socket.writeFrame(WebSocketFrame.textFrame(first, false));
            socket.writeFrame(WebSocketFrame.continuationFrame(Buffer.buffer(second), true));
        }

        @Override
        void binary(byte[] bytes) {
            socket.writeBinaryMessage(Buffer.buffer(bytes));
        }

        @Override
        void ping(String data) {
            socket.writePing(Buffer.buffer(data));
        }

        @Override
        void close(int code, String reason) {
            socket.close((short) code, reason);
        }

        @Override
        public void close() {
            socket.close();
        }
    }
}
