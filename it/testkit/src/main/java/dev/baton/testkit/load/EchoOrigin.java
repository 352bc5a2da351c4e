package dev.baton.testkit.load;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A server that answers a GET with its target as the body, a POST with its own body, a request to upgrade with a 101
 * and then everything with itself, and anything that does not begin as HTTP with itself from the start. One thread for
 * all connections.
 */
public final class EchoOrigin implements AutoCloseable {
    private static final int BUFFER_BYTES = 16 * 1024;
    private static final int BACKLOG = 4_096;

    private static final int GET = 0x47455420;
    private static final int POST = 0x504f5354;

    private final Selector selector;
    private final ServerSocketChannel server;
    private final Thread thread = new Thread(this::run, "echo-origin");
    private volatile boolean stopped;

    private static final class Stream {
        final ByteBuffer in = ByteBuffer.allocate(BUFFER_BYTES);
        ByteBuffer out = ByteBuffer.allocate(BUFFER_BYTES).flip();
        /** Null until the first bytes have told. */
        @Nullable
        Boolean echo;
    }

    private EchoOrigin(Selector selector, ServerSocketChannel server) {
        this.selector = selector;
        this.server = server;
        thread.setDaemon(true);
    }

    /** Starts on a port that the kernel chooses. */
    public static EchoOrigin start() throws IOException {
        ServerSocketChannel server = ServerSocketChannel.open();
        server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), BACKLOG);
        server.configureBlocking(false);
        Selector selector = Selector.open();
        server.register(selector, SelectionKey.OP_ACCEPT);
        EchoOrigin origin = new EchoOrigin(selector, server);
        origin.thread.start();
        return origin;
    }

    /** For a configuration. */
    public String address() {
        return "127.0.0.1:" + server.socket().getLocalPort();
    }

    private void run() {
        try {
            while (!stopped) {
                selector.select();
                Iterator<SelectionKey> keys = selector.selectedKeys().iterator();
                while (keys.hasNext()) {
                    SelectionKey key = keys.next();
                    keys.remove();
                    if (key.isValid()) {
                        ready(key);
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void ready(SelectionKey key) throws IOException {
        if (key.isAcceptable()) {
            for (SocketChannel each = server.accept(); each != null; each = server.accept()) {
                each.configureBlocking(false);
                each.setOption(java.net.StandardSocketOptions.TCP_NODELAY, true);
                each.register(selector, SelectionKey.OP_READ, new Stream());
            }
            return;
        }
        SocketChannel channel = (SocketChannel) key.channel();
        Stream stream = (Stream) key.attachment();
        try {
            if (key.isReadable() && !stream.out.hasRemaining() && channel.read(stream.in) < 0) {
                channel.close();
                return;
            }
            answer(stream);
            channel.write(stream.out);
            key.interestOps(stream.out.hasRemaining() ? SelectionKey.OP_WRITE : SelectionKey.OP_READ);
        } catch (IOException reset) {
            channel.close();
        }
    }

    private static void answer(Stream stream) {
        if (stream.out.hasRemaining()) {
            return;
        }
        ByteBuffer in = stream.in.flip();
        ByteBuffer out = stream.out.clear();
        if (stream.echo == null && in.remaining() >= 4) {
            int first = in.getInt(in.position());
            stream.echo = first != GET && first != POST;
        }
        if (Boolean.TRUE.equals(stream.echo)) {
            out.put(in);
        } else if (stream.echo != null) {
            heads(stream, in, out);
        }
        stream.in.compact();
        out.flip();
    }

    private static void heads(Stream stream, ByteBuffer in, ByteBuffer out) {
        int end;
        while ((end = headEnd(in)) >= 0) {
            byte[] head = new byte[end - in.position()];
            in.get(in.position(), head);
            String text = new String(head, StandardCharsets.ISO_8859_1);
            int length = bodyLength(text);
            if (in.limit() < end + length) {
                return;
            }
            in.position(end);
            if (text.toLowerCase(Locale.ROOT).contains("\r\nupgrade:")) {
                stream.echo = true;
                out.put(bytes("HTTP/1.1 101 Switching Protocols\r\nupgrade: echo\r\nconnection: upgrade\r\n\r\n"));
                out.put(in);
                return;
            }
            byte[] body = new byte[length];
            in.get(body);
            String answer = text.startsWith("POST")
                    ? new String(body, StandardCharsets.ISO_8859_1)
                    : text.substring(4, text.indexOf(' ', 4));
            out.put(bytes("HTTP/1.1 200 OK\r\ncontent-length: " + answer.length() + "\r\n\r\n" + answer));
        }
    }

    private static int bodyLength(String head) {
        String field = "\r\ncontent-length: ";
        int at = head.toLowerCase(Locale.ROOT).indexOf(field);
        return at < 0 ? 0 : Integer.parseInt(head.substring(at + field.length(), head.indexOf("\r\n", at + 2)));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Where the bytes after the first head begin, or -1. */
    static int headEnd(ByteBuffer in) {
        for (int i = in.position(); i + 4 <= in.limit(); i++) {
            if (in.getInt(i) == 0x0D0A0D0A) {
                return i + 4;
            }
        }
        return -1;
    }

    @Override
    public void close() throws IOException {
        stopped = true;
        selector.wakeup();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        for (SelectionKey key : selector.keys()) {
            key.channel().close();
        }
        selector.close();
        server.close();
    }
}
