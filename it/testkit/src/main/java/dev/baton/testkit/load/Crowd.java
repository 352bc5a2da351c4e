package dev.baton.testkit.load;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Clients that keep their connections and ask something on each of them again and again, one question at a time, and
 * know the only right answer: none is lost, doubled, mixed up with another's, or comes on a connection that was closed.
 *
 * <p>One thread asks for all; every other thread may look.
 */
public final class Crowd implements AutoCloseable {
    private static final int BUFFER_BYTES = 4 * 1024;

    /** How a client talks. */
    public enum Speech {
        /** {@code GET}, answered with its target. */
        HTTP,
        /**
         * {@code POST}, answered with its body. It comes in two halves, the second half a period later: cut in its head
         * or, now and then, in its body. It can never be asked once more.
         */
        POST,
        /** Lines that come back. */
        LINES,
        /** A request to upgrade first, then lines that come back. */
        UPGRADE
    }

    private final Selector selector;
    private final long periodNanos;
    private final List<Client> clients = new ArrayList<>();
    private final PriorityQueue<Client> waiting = new PriorityQueue<>((a, b) -> Long.compare(a.nextNanos, b.nextNanos));
    private final ConcurrentLinkedQueue<Client> joining = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<String> failures = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<Exchange> exchanges = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean stopped = new AtomicBoolean();
    private final Thread thread = new Thread(this::run, "crowd");

    /**
     * One question and its answer.
     *
     * @param askedNanos when it was asked, by {@link System#nanoTime()}
     * @param nanos how long the answer took
     */
    public record Exchange(long askedNanos, long nanos) {}

    /** One client. */
    public final class Client {
        private final Speech speech;
        private final String name;
        private final SocketChannel channel;
        private final ByteBuffer in = ByteBuffer.allocate(BUFFER_BYTES);
        private int number;
        private boolean upgraded;
        private long askedNanos;
        private long nextNanos;
        private @Nullable String expected;
        /** Of a question that comes in two halves, the second. */
        private @Nullable String rest;

        private final AtomicLong answers = new AtomicLong();
        private boolean ended;

        Client(Speech speech, String name, SocketChannel channel) {
            this.speech = speech;
            this.name = name;
            this.channel = channel;
        }

        /** How many answers it has got. */
        public long answers() {
            return answers.get();
        }

        /** The port that it is at, by which the server knows it. */
        public int port() {
            return channel.socket().getLocalPort();
        }

        private void ask() throws IOException {
            String second = rest;
            if (second != null) {
                rest = null;
                askedNanos = System.nanoTime();
                write(second);
                return;
            }
            String question;
            number++;
            if (speech == Speech.HTTP) {
                expected = "/" + name + "/" + number;
                question = "GET " + expected + " HTTP/1.1\r\nHost: crowd\r\n\r\n";
            } else if (speech == Speech.POST) {
                expected = name + "/" + number;
                String whole = "POST /" + number + " HTTP/1.1\r\nHost: crowd\r\nX-Crowd: " + name
                        + "\r\nContent-Length: " + expected.length() + "\r\n\r\n" + expected;
                int cut = 1 + number * 7 % (whole.length() - 1);
                question = whole.substring(0, cut);
                rest = whole.substring(cut);
            } else if (speech == Speech.UPGRADE && !upgraded) {
                expected = "101";
                question = "GET /" + name + " HTTP/1.1\r\nHost: crowd\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";
            } else {
                expected = name + "/" + number + "\n";
                question = expected;
            }
            askedNanos = System.nanoTime();
            write(question);
            if (rest != null) {
                nextNanos = askedNanos + periodNanos / 2;
                waiting.add(this);
            }
        }

        private void write(String question) throws IOException {
            ByteBuffer bytes = ByteBuffer.wrap(question.getBytes(StandardCharsets.ISO_8859_1));
            channel.write(bytes);
            if (bytes.hasRemaining()) {
                throw new IOException("the kernel does not take a question of " + question.length() + " bytes");
            }
        }

        private void read() throws IOException {
            int read = channel.read(in);
            if (read < 0) {
                throw new IOException("closed by the server");
            }
            in.flip();
            String answer = answer();
            in.compact();
            if (answer == null) {
                if (in.position() > 0 && expected == null) {
                    throw new IOException("an answer that nobody asked for");
                }
                return;
            }
            if (rest != null || !answer.equals(expected)) {
                throw new IOException("expected <" + expected + "> and got <" + answer + ">");
            }
            if (in.position() > 0) {
                throw new IOException("more than an answer");
            }
            expected = null;
            upgraded = true;
            answers.incrementAndGet();
            exchanges.add(new Exchange(askedNanos, System.nanoTime() - askedNanos));
            nextNanos = Math.max(askedNanos + periodNanos, System.nanoTime());
            waiting.add(this);
        }

        /** The next whole answer, or null. */
        private @Nullable String answer() {
            if (speech == Speech.HTTP || speech == Speech.POST || (speech == Speech.UPGRADE && !upgraded)) {
                int end = EchoOrigin.headEnd(in);
                if (end < 0) {
                    return null;
                }
                String head = text(in.position(), end).toLowerCase(java.util.Locale.ROOT);
                if (speech == Speech.UPGRADE) {
                    in.position(end);
                    return head.substring(9, 12);
                }
                int at = head.indexOf("\r\ncontent-length: ") + 18;
                int length = Integer.parseInt(
                        head.substring(at, head.indexOf("\r\n", at)).trim());
                if (in.limit() < end + length) {
                    return null;
                }
                String body = text(end, end + length);
                in.position(end + length);
                return head.startsWith("http/1.1 200") ? body : head;
            }
            for (int i = in.position(); i < in.limit(); i++) {
                if (in.get(i) == '\n') {
                    String line = text(in.position(), i + 1);
                    in.position(i + 1);
                    return line;
                }
            }
            return null;
        }

        private String text(int from, int to) {
            return new String(in.array(), from, to - from, StandardCharsets.ISO_8859_1);
        }
    }

    /** An empty crowd, each of whom will ask once a period, or as fast as the answers come if that is slower. */
    public Crowd(long periodNanos) throws IOException {
        this.selector = Selector.open();
        this.periodNanos = periodNanos;
        thread.setDaemon(true);
        thread.start();
    }

    /** Connects more clients; they begin at once, spread over one period. */
    public List<Client> join(Speech speech, String address, int count) throws IOException {
        List<Client> joined = connect(speech, address, count);
        begin(joined);
        return joined;
    }

    /** Connects more clients, who do not ask anything yet. */
    public List<Client> connect(Speech speech, String address, int count) throws IOException {
        int colon = address.lastIndexOf(':');
        InetSocketAddress to =
                new InetSocketAddress(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
        List<Client> connected = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            SocketChannel channel = SocketChannel.open(to);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.configureBlocking(false);
            connected.add(new Client(
                    speech, speech.name().charAt(0) + "" + channel.socket().getLocalPort(), channel));
        }
        synchronized (clients) {
            clients.addAll(connected);
        }
        return connected;
    }

    /** Clients that have connected begin to ask, spread over one period. */
    public void begin(List<Client> connected) {
        long now = System.nanoTime();
        for (int i = 0; i < connected.size(); i++) {
            connected.get(i).nextNanos = now + periodNanos * i / connected.size();
        }
        joining.addAll(connected);
        selector.wakeup();
    }

    private void run() {
        try {
            while (!stopped.get()) {
                long wait = 1;
                Client first = waiting.peek();
                if (first == null) {
                    selector.select(50);
                } else if ((wait = first.nextNanos - System.nanoTime()) > 0) {
                    selector.select(Math.max(1, wait / 1_000_000));
                } else {
                    selector.selectNow();
                }
                for (Client client = joining.poll(); client != null; client = joining.poll()) {
                    client.channel.register(selector, SelectionKey.OP_READ, client);
                    waiting.add(client);
                }
                Iterator<SelectionKey> keys = selector.selectedKeys().iterator();
                while (keys.hasNext()) {
                    Client client = (Client) keys.next().attachment();
                    keys.remove();
                    guarded(client, client::read);
                }
                long now = System.nanoTime();
                for (Client due = waiting.peek(); due != null && due.nextNanos - now <= 0; due = waiting.peek()) {
                    waiting.remove();
                    guarded(due, due::ask);
                }
            }
        } catch (IOException | RuntimeException e) {
            failures.add("the crowd itself: " + e);
        }
    }

    private interface Step {
        void run() throws IOException;
    }

    private void guarded(Client client, Step step) {
        if (client.ended) {
            return;
        }
        try {
            step.run();
        } catch (IOException | RuntimeException e) {
            client.ended = true;
            failures.add(client.name + " after " + client.answers + " answers: " + e.getMessage());
            try {
                client.channel.close();
            } catch (IOException closed) {
                failures.add(client.name + ": " + closed);
            }
        }
    }

    /** Everything that was wrong so far, one line each; empty if nothing was. */
    public List<String> failures() {
        return List.copyOf(failures);
    }

    /** Everybody. */
    public List<Client> clients() {
        synchronized (clients) {
            return List.copyOf(clients);
        }
    }

    /** How many have more answers than a count taken before. */
    public static long served(List<Client> clients, long[] before) {
        long served = 0;
        for (int i = 0; i < before.length; i++) {
            served += clients.get(i).answers() > before[i] ? 1 : 0;
        }
        return served;
    }

    /** How many answers each has now. */
    public static long[] answers(List<Client> clients) {
        return clients.stream().mapToLong(Client::answers).toArray();
    }

    /** What the answers took that were asked for between two moments, in nanoseconds, ascending. */
    public long[] latencies(long fromNanos, long toNanos) {
        long[] all = exchanges.stream()
                .filter(each -> each.askedNanos() - fromNanos >= 0 && each.askedNanos() - toNanos < 0)
                .mapToLong(Exchange::nanos)
                .toArray();
        Arrays.sort(all);
        return all;
    }

    @Override
    public void close() throws IOException {
        stopped.set(true);
        selector.wakeup();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        for (Client client : clients()) {
            client.channel.close();
        }
        selector.close();
    }
}
