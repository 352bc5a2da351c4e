package dev.baton.it.upgrade;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Clients that send one request after the other for as long as they are told to, each on connections that it keeps or
 * on a new one each time.
 *
 * <p>A request has failed if there was no whole answer 200 to it. One case is no failure but what RFC 9112, 9.3.1, asks
 * of clients: a connection that was kept ends without a single byte of the answer, which is how a server that closes an
 * idle connection looks to a client that just wants to use it again. The request is repeated, once, on a new
 * connection, and counted.
 */
public final class Load implements AutoCloseable {
    private static final byte[] REQUEST = "GET / HTTP/1.1\r\nHost: test\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1);
    private static final byte[] LAST =
            "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1);

    /** So that the processes that are to start have something of the machine too. */
    private static final long PAUSE_NANOS = 3_000_000;

    private final List<Thread> threads = new ArrayList<>();
    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private final AtomicLong answered = new AtomicLong();
    private final AtomicLong repeated = new AtomicLong();
    private volatile boolean stopped;

    /** Adds clients of an address. */
    public void start(int clients, SocketAddress address, boolean keepAlive) {
        for (int i = 0; i < clients; i++) {
            Thread thread = new Thread(
                    () -> run(address, keepAlive), "load " + address + (keepAlive ? " keep-alive " : " each new ") + i);
            thread.setDaemon(true);
            threads.add(thread);
            thread.start();
        }
    }

    private void run(SocketAddress address, boolean keepAlive) {
        Connection connection = null;
        while (!stopped) {
            try {
                boolean kept = connection != null;
                if (connection == null) {
                    connection = new Connection(address);
                }
                try {
                    connection.exchange(keepAlive);
                } catch (IdleClosed closed) {
                    if (!kept) {
                        throw new IOException("a new connection ended without an answer", closed);
                    }
                    repeated.incrementAndGet();
                    connection.close();
                    connection = new Connection(address);
                    connection.exchange(keepAlive);
                }
                answered.incrementAndGet();
                LockSupport.parkNanos(PAUSE_NANOS);
                if (connection.ended) {
                    connection.close();
                    connection = null;
                }
            } catch (IOException e) {
                failures.add(Thread.currentThread().getName() + ": " + e);
                if (connection != null) {
                    connection.close();
                    connection = null;
                }
            }
        }
        if (connection != null) {
            connection.close();
        }
    }

    public long answered() {
        return answered.get();
    }

    long repeated() {
        return repeated.get();
    }

    public Queue<String> failures() {
        return failures;
    }

    @Override
    public void close() {
        stopped = true;
        for (Thread thread : threads) {
            try {
                thread.join(30_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            if (thread.isAlive()) {
                failures.add(thread.getName() + " got no answer");
            }
        }
    }

    /** The connection has ended before the first byte of an answer. */
    private static final class IdleClosed extends IOException {
        private static final long serialVersionUID = 1L;

        IdleClosed(@Nullable Throwable cause) {
            super("ended before the answer", cause);
        }
    }

    private static final class Connection {
        private final SocketChannel channel;
        private final ByteBuffer buffer = ByteBuffer.allocate(4096);
        private boolean ended;

        Connection(SocketAddress address) throws IOException {
            channel = SocketChannel.open(address);
        }

        void exchange(boolean keepAlive) throws IOException {
            buffer.clear();
            try {
                ByteBuffer out = ByteBuffer.wrap(keepAlive ? REQUEST : LAST);
                while (out.hasRemaining()) {
                    channel.write(out);
                }
                read();
            } catch (IOException e) {
                if (buffer.position() == 0) {
                    throw new IdleClosed(e);
                }
                throw e;
            }
            while (true) {
                String text = new String(buffer.array(), 0, buffer.position(), StandardCharsets.ISO_8859_1);
                int end = text.indexOf("\r\n\r\n");
                if (end >= 0 && text.length() >= end + 4 + 5) {
                    if (!text.startsWith("HTTP/1.1 200")
                            || !text.substring(end + 4).equals("hello")) {
                        throw new IOException("answer: " + text);
                    }
                    ended = !keepAlive
                            || text.toLowerCase(java.util.Locale.ROOT).contains("connection: close");
                    return;
                }
                read();
            }
        }

        private void read() throws IOException {
            if (channel.read(buffer) < 0) {
                throw new IOException("the answer ends after " + buffer.position() + " bytes");
            }
        }

        void close() {
            try {
                channel.close();
            } catch (IOException e) {
                // It is not needed any more.
            }
        }
    }
}
