package dev.baton.it.peers;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.java_websocket.WebSocket;
import org.java_websocket.client.WebSocketClient;
import org.java_websocket.enums.Opcode;
import org.java_websocket.framing.Framedata;
import org.java_websocket.framing.PingFrame;
import org.java_websocket.handshake.ClientHandshake;
import org.java_websocket.handshake.ServerHandshake;
import org.java_websocket.server.WebSocketServer;

/** The WebSockets of the library Java-WebSocket. */
final class JavaSockets implements AutoCloseable {
    private static final int PATIENCE_SECONDS = 20;

    /** The server's ends. */
    final BlockingQueue<Talker> accepted = new LinkedBlockingQueue<>();

    private final CountDownLatch started = new CountDownLatch(1);
    private final Server server = new Server();

    JavaSockets() throws InterruptedException {
        server.setReuseAddr(true);
        server.start();
        if (!started.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("the server has not started");
        }
    }

    int port() {
        return server.getPort();
    }

    /** Connects; a handshake that fails is heard as a close. */
    Talker connect(int port, String path) throws InterruptedException {
        Client client = new Client(URI.create("ws://127.0.0.1:" + port + path));
        client.connectBlocking(PATIENCE_SECONDS, TimeUnit.SECONDS);
        return client.talker;
    }

    @Override
    public void close() throws InterruptedException {
        server.stop(1_000);
    }

    /** One end. */
    static final class Talker extends Talk {
        private final WebSocket socket;
        private final Runnable cut;

        Talker(WebSocket socket, Runnable cut) {
            this.socket = socket;
            this.cut = cut;
        }

        @Override
        void text(String text) {
            socket.send(text);
        }

        @Override
        void fragments(String first, String second) {
            socket.sendFragmentedFrame(Opcode.TEXT, ascii(first), false);
            socket.sendFragmentedFrame(Opcode.TEXT, ascii(second), true);
        }

        @Override
        void binary(byte[] bytes) {
            socket.send(bytes);
        }

        @Override
        void ping(String data) {
            PingFrame frame = new PingFrame();
            frame.setPayload(ascii(data));
            socket.sendFrame(frame);
        }

        @Override
        void close(int code, String reason) {
            socket.close(code, reason);
        }

        /** Ends the connection without a word. */
        void cut() {
            cut.run();
        }

        @Override
        public void close() {
            cut();
        }

        private static ByteBuffer ascii(String text) {
            return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
        }

        void heard(Framedata pong) {
            heardPong(StandardCharsets.US_ASCII.decode(pong.getPayloadData()).toString());
        }
    }

    private static final class Client extends WebSocketClient {
        final Talker talker = new Talker(this, () -> end(getSocket()));

        Client(URI uri) {
            super(uri);
        }

        private static void end(Socket socket) {
            try {
                socket.setSoLinger(true, 0);
                socket.close();
            } catch (java.io.IOException e) {
                // It is closed already.
            }
        }

        @Override
        public void onOpen(ServerHandshake handshake) {}

        @Override
        public void onMessage(String message) {
            talker.heardText(message);
        }

        @Override
        public void onMessage(ByteBuffer bytes) {
            talker.heardBinary(bytes);
        }

        @Override
        public void onWebsocketPong(WebSocket socket, Framedata pong) {
            talker.heard(pong);
        }

        @Override
        public void onClose(int code, String reason, boolean remote) {
            talker.heardClose(code, reason);
        }

        @Override
        public void onError(Exception e) {}
    }

    private final class Server extends WebSocketServer {
        private final Map<WebSocket, Talker> talkers = new ConcurrentHashMap<>();

        Server() {
            super(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1);
        }

        @Override
        public void onStart() {
            started.countDown();
        }

        @Override
        public void onOpen(WebSocket socket, ClientHandshake handshake) {
            Talker talker = new Talker(socket, () -> socket.closeConnection(1006, "cut"));
            talkers.put(socket, talker);
            accepted.add(talker);
        }

        @Override
        public void onMessage(WebSocket socket, String message) {
            talkers.get(socket).heardText(message);
        }

        @Override
        public void onMessage(WebSocket socket, ByteBuffer bytes) {
            talkers.get(socket).heardBinary(bytes);
        }

        @Override
        public void onWebsocketPong(WebSocket socket, Framedata pong) {
            talkers.get(socket).heard(pong);
        }

        @Override
        public void onClose(WebSocket socket, int code, String reason, boolean remote) {
            talkers.get(socket).heardClose(code, reason);
        }

        @Override
        public void onError(WebSocket socket, Exception e) {}
    }
}
