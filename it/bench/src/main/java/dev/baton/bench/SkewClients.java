package dev.baton.bench;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Clients that are all on one thread of a server: {@code SkewClients PORT CLIENTS SETTLE SECONDS}. The server answers
 * with a word for the thread that serves the connection. Connections are opened until one thread has as many as wanted;
 * the others are closed. Each client asks again as soon as it is answered.
 *
 * <p>Prints answers a second, p50 and p99 in microseconds, after {@code SETTLE} seconds for so many {@code SECONDS};
 * then how many connections each thread had at the end.
 */
public final class SkewClients {
    private static final int ANSWER_MAX = 4 * 1024;
    private static final int TRIES = 4_096;
    private static final byte[] REQUEST = "GET / HTTP/1.1\r\nHost: skew\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    private SkewClients() {}

    /** One connection. */
    private static final class Client {
        final SocketChannel channel;
        final ByteBuffer in = ByteBuffer.allocate(ANSWER_MAX);
        String thread = "";
        long askedNanos;

        Client(SocketChannel channel) {
            this.channel = channel;
        }

        void ask() throws IOException {
            askedNanos = System.nanoTime();
            channel.write(ByteBuffer.wrap(REQUEST));
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
            thread = text.substring(head + 4);
            in.clear();
            return true;
        }
    }

    /** Measures. */
    public static void main(String[] arguments) throws IOException {
        InetSocketAddress server =
                new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[0]));
        int wanted = Integer.parseInt(arguments[1]);
        List<Client> clients = onOneThread(server, wanted);
        long settled = System.nanoTime() + TimeUnit.SECONDS.toNanos(Integer.parseInt(arguments[2]));
        long seconds = Integer.parseInt(arguments[3]);
        long end = settled + TimeUnit.SECONDS.toNanos(seconds);
        long[] times = new long[1 << 20];
        int answered = 0;
        try (Selector selector = Selector.open()) {
            for (Client each : clients) {
                each.channel.configureBlocking(false);
                each.channel.register(selector, SelectionKey.OP_READ, each);
                each.ask();
            }
            for (long now = System.nanoTime(); now < end; now = System.nanoTime()) {
                selector.select(100);
                for (SelectionKey key : selector.selectedKeys()) {
                    Client client = (Client) key.attachment();
                    if (client.readAll()) {
                        long done = System.nanoTime();
                        if (done >= settled && done < end && answered < times.length) {
                            times[answered++] = done - client.askedNanos;
                        }
                        client.ask();
                    }
                }
                selector.selectedKeys().clear();
            }
        }
        long[] sorted = Arrays.copyOf(times, answered);
        Arrays.sort(sorted);
        System.out.printf(
                Locale.ROOT,
                "%.0f %d %d%n",
                answered / (double) seconds,
                sorted[answered / 2] / 1_000,
                sorted[(int) (answered * 0.99)] / 1_000);
        Map<String, Integer> threads = new HashMap<>();
        clients.forEach(each -> threads.merge(each.thread, 1, Integer::sum));
        System.out.println(threads);
        for (Client each : clients) {
            each.channel.close();
        }
    }

    private static List<Client> onOneThread(InetSocketAddress server, int wanted) throws IOException {
        Map<String, List<Client>> byThread = new HashMap<>();
        for (int i = 0; i < TRIES; i++) {
            SocketChannel channel = SocketChannel.open(server);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            Client client = new Client(channel);
            client.ask();
            while (!client.readAll()) {
                Thread.onSpinWait();
            }
            List<Client> same = byThread.computeIfAbsent(client.thread, thread -> new ArrayList<>());
            same.add(client);
            if (same.size() == wanted) {
                for (List<Client> others : byThread.values()) {
                    if (others != same) {
                        for (Client other : others) {
                            other.channel.close();
                        }
                    }
                }
                return same;
            }
        }
        throw new IOException("no thread of the server has " + wanted + " of " + TRIES + " connections");
    }
}
