package dev.baton.bench;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * Clients that ask at a fixed rate, whether or not what they have asked before is answered: {@code SteadyClients HOST
 * PORT CLIENTS RATE SECONDS}. Each request is due at a time of its own. If no client is free then, it waits for one,
 * and the wait counts: a pause of the server is not hidden by clients that wait for it (coordinated omission).
 *
 * <p>Prints p50, p99, p99.9 and the longest response time in microseconds.
 */
public final class SteadyClients {
    private static final int ANSWER_MAX = 64 * 1024;
    /** In nanoseconds: the loop spins for a request that is due sooner than that. */
    private static final long SPIN_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final byte[] request;
    private final Deque<Client> free = new ArrayDeque<>();
    private final long[] times;
    private int answered;

    private SteadyClients(String host, int count) {
        request = ("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII);
        times = new long[count];
    }

    /** One connection. */
    private static final class Client {
        final SocketChannel channel;
        final ByteBuffer in = ByteBuffer.allocate(ANSWER_MAX);
        long dueNanos;

        Client(SocketChannel channel) {
            this.channel = channel;
        }

        /** Reads what has come; true when the answer is complete. */
        boolean readAll() throws IOException {
            if (channel.read(in) < 0) {
                throw new EOFException("the server has closed a connection");
            }
            String text = new String(in.array(), 0, in.position(), StandardCharsets.ISO_8859_1);
            int head = text.indexOf("\r\n\r\n");
            if (head < 0) {
                return false;
            }
            if (!text.startsWith("HTTP/1.1 200 ")) {
                throw new IOException(
                        "not answered with 200: " + text.lines().findFirst().orElse(""));
            }
            int field = text.toLowerCase(Locale.ROOT).indexOf("\r\ncontent-length: ");
            int from = field + "\r\ncontent-length: ".length();
            int length = Integer.parseInt(text.substring(from, text.indexOf('\r', from)));
            if (in.position() < head + 4 + length) {
                return false;
            }
            in.clear();
            return true;
        }
    }

    /** Measures. */
    public static void main(String[] args) throws IOException {
        int clients = Integer.parseInt(args[2]);
        int rate = Integer.parseInt(args[3]);
        int count = rate * Integer.parseInt(args[4]);
        new SteadyClients(args[0], count).run(new InetSocketAddress(args[0], Integer.parseInt(args[1])), clients, rate);
    }

    private void run(InetSocketAddress server, int clients, int rate) throws IOException {
        try (Selector selector = Selector.open()) {
            for (int i = 0; i < clients; i++) {
                SocketChannel channel = SocketChannel.open(server);
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
                channel.configureBlocking(false);
                Client client = new Client(channel);
                channel.register(selector, SelectionKey.OP_READ, client);
                free.add(client);
            }
            long period = TimeUnit.SECONDS.toNanos(1) / rate;
            long due = System.nanoTime() + period;
            int asked = 0;
            while (answered < times.length) {
                while (asked < times.length && !free.isEmpty() && due <= System.nanoTime()) {
                    ask(free.remove(), due);
                    asked++;
                    due += period;
                }
                long wait = due - System.nanoTime();
                if (asked < times.length && !free.isEmpty() && wait < SPIN_NANOS) {
                    selector.selectNow(this::readable);
                } else {
                    selector.select(this::readable, Math.max(1, TimeUnit.NANOSECONDS.toMillis(wait)));
                }
            }
            for (SelectionKey key : selector.keys()) {
                key.channel().close();
            }
        }
        Arrays.sort(times);
        System.out.printf("%d %d %d %d%n", at(0.5), at(0.99), at(0.999), at(1));
    }

    private void ask(Client client, long due) throws IOException {
        client.dueNanos = due;
        ByteBuffer out = ByteBuffer.wrap(request);
        while (out.hasRemaining()) {
            client.channel.write(out);
        }
    }

    private void readable(SelectionKey key) {
        Client client = (Client) key.attachment();
        try {
            if (client.readAll()) {
                times[answered++] = System.nanoTime() - client.dueNanos;
                free.add(client);
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private long at(double share) {
        int index = (int) Math.ceil(share * times.length) - 1;
        return TimeUnit.NANOSECONDS.toMicros(times[Math.max(0, index)]);
    }
}
