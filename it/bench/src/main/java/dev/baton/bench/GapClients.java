package dev.baton.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * What clients notice of an upgrade or a stop: {@code HOST PORT KEEPING NEW SLOW}, how many of them keep their
 * connection, open one for each request, and ask for {@code /slow}. A thread each; a client asks again
 * {@value #PAUSE_MICROS} us after an answer.
 *
 * <p>Its input are lines. {@code mark}: prints what was since the line before: answers, failed requests, requests
 * repeated because a kept connection had ended without a byte of an answer (RFC 9112, 9.3.1), and the longest time in
 * milliseconds between two answers to one client. {@code stop}: the server is told to stop now; when nobody accepts any
 * more and all clients have ended, prints what became of the requests that were in flight, and of the connections.
 */
public final class GapClients {
    private static final int PAUSE_MICROS = 2_000;
    private static final int PATIENCE_MILLIS = 30_000;

    private final InetSocketAddress address;
    private final List<Client> clients = new ArrayList<>();
    private final AtomicInteger answers = new AtomicInteger();
    private final AtomicInteger failed = new AtomicInteger();
    private final AtomicInteger repeated = new AtomicInteger();
    private final AtomicLong gap = new AtomicLong();
    private volatile boolean stopping;
    private volatile long stopAt;

    private GapClients(InetSocketAddress address) {
        this.address = address;
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        GapClients all = new GapClients(new InetSocketAddress(arguments[0], Integer.parseInt(arguments[1])));
        all.start(Integer.parseInt(arguments[2]), true, "/");
        all.start(Integer.parseInt(arguments[3]), false, "/");
        all.start(Integer.parseInt(arguments[4]), true, "/slow");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            if (line.equals("stop")) {
                all.stop();
                return;
            }
            System.out.println(all.mark());
        }
    }

    private void start(int count, boolean keep, String path) {
        for (int i = 0; i < count; i++) {
            Client client = new Client(keep, path);
            clients.add(client);
            client.start();
        }
    }

    private String mark() {
        return answers.getAndSet(0) + " " + failed.getAndSet(0) + " " + repeated.getAndSet(0) + " "
                + millis(gap.getAndSet(0));
    }

    private static String millis(long nanos) {
        return String.format(Locale.ROOT, "%.1f", nanos / 1e6);
    }

    private void stop() throws InterruptedException {
        repeated.set(0);
        stopAt = System.nanoTime();
        stopping = true;
        System.out.println("stopping");
        int inFlight = 0;
        int cut = 0;
        int unclean = 0;
        long lastAnswer = 0;
        long lastEnd = 0;
        for (Client client : clients) {
            client.join(2L * PATIENCE_MILLIS);
            inFlight += client.wasAsking ? 1 : 0;
            cut += client.wasAsking && client.answeredAt == 0 ? 1 : 0;
            unclean += client.unclean ? 1 : 0;
            lastAnswer = Math.max(lastAnswer, client.answeredAt == 0 ? 0 : client.answeredAt - stopAt);
            lastEnd = Math.max(lastEnd, client.endedAt - stopAt);
        }
        System.out.println(inFlight + " " + cut + " " + millis(lastAnswer) + " " + unclean + " " + repeated.get() + " "
                + millis(lastEnd));
    }

    private final class Client extends Thread {
        private final boolean keep;
        private final byte[] request;
        private final byte[] buffer = new byte[64 * 1024];
        private Socket socket = new Socket();
        private long asking;
        private long answered;
        /** About the request that was in flight at the stop, and the connection that was open. */
        private boolean wasAsking;

        private long answeredAt;
        private boolean unclean;
        private volatile long endedAt;

        Client(boolean keep, String path) {
            this.keep = keep;
            String close = keep ? "" : "Connection: close\r\n";
            this.request = ("GET " + path + " HTTP/1.1\r\nHost: bench\r\n" + close + "\r\n")
                    .getBytes(StandardCharsets.ISO_8859_1);
            setDaemon(true);
        }

        @Override
        public void run() {
            while (true) {
                try {
                    exchange();
                    LockSupport.parkNanos(PAUSE_MICROS * 1_000L);
                } catch (ConnectException refused) {
                    if (stopping) {
                        return;
                    }
                    failed.incrementAndGet();
                } catch (IOException e) {
                    failed.incrementAndGet();
                    if (stopping && endedAt == 0) {
                        wasAsking = asking < stopAt;
                        unclean = true;
                    }
                    end();
                }
            }
        }

        private void exchange() throws IOException {
            boolean kept = socket.isConnected() && !socket.isClosed();
            if (!kept) {
                connect();
            }
            asking = System.nanoTime();
            boolean keeps;
            try {
                keeps = ask();
            } catch (Ended idle) {
                if (!kept) {
                    throw idle;
                }
                repeated.incrementAndGet();
                if (stopping && asking < stopAt) {
                    wasAsking = true; // and nobody may be left to ask again
                }
                end();
                connect();
                keeps = ask();
            }
            long now = System.nanoTime();
            if (stopping && asking < stopAt) {
                wasAsking = true;
                answeredAt = now;
            }
            answers.incrementAndGet();
            if (answered != 0) {
                long since = now - answered;
                gap.accumulateAndGet(since, Math::max);
            }
            answered = now;
            if (!keep || !keeps) {
                end();
            }
        }

        private void connect() throws IOException {
            socket = new Socket();
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(PATIENCE_MILLIS);
            socket.connect(address, PATIENCE_MILLIS);
        }

        private void end() {
            try {
                socket.close();
            } catch (IOException e) {
                // It is no more either way.
            }
            if (stopping) {
                endedAt = System.nanoTime();
            }
        }

        /** True if the connection stays. */
        private boolean ask() throws IOException {
            InputStream in = socket.getInputStream();
            int length = 0;
            try {
                socket.getOutputStream().write(request);
                length = in.read(buffer);
            } catch (SocketException reset) {
                throw new Ended(reset);
            }
            if (length < 0) {
                throw new Ended(null);
            }
            int end = headEnd(length);
            while (end < 0) {
                length = more(in, length);
                end = headEnd(length);
            }
            String head = new String(buffer, 0, end, StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT);
            if (!head.startsWith("http/1.1 200")) {
                throw new IOException(head);
            }
            int field = head.indexOf("\r\ncontent-length:");
            int body = Integer.parseInt(
                    head.substring(field + 17, head.indexOf("\r\n", field + 17)).strip());
            while (length < end + body) {
                length = more(in, length);
            }
            return !head.contains("\r\nconnection: close");
        }

        private int more(InputStream in, int length) throws IOException {
            int count = in.read(buffer, length, buffer.length - length);
            if (count < 0) {
                throw new IOException("cut after " + length + " bytes");
            }
            return length + count;
        }

        private int headEnd(int length) {
            for (int i = 3; i < length; i++) {
                if (buffer[i] == '\n' && buffer[i - 1] == '\r' && buffer[i - 2] == '\n') {
                    return i + 1;
                }
            }
            return -1;
        }
    }

    /** A connection ended before the first byte of an answer. */
    private static final class Ended extends IOException {
        private static final long serialVersionUID = 1;

        Ended(@Nullable SocketException cause) {
            super("ended without an answer", cause);
        }
    }
}
