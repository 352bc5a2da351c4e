package dev.baton.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Streams of many bytes: {@code BulkStreams origin PORT} sends as many bytes as each connection asks for, by a number
 * of eight bytes; {@code BulkStreams HOST PORT STREAMS MIB} asks for so many MiB on each of its streams, all at once,
 * counts what comes, and prints how many bytes that were.
 */
public final class BulkStreams {
    private static final int PIECE = 256 << 10;

    private BulkStreams() {}

    /** See the class. */
    public static void main(String[] arguments) throws Exception {
        ExecutorService threads = Executors.newCachedThreadPool();
        try {
            if (arguments[0].equals("origin")) {
                serve(Integer.parseInt(arguments[1]), threads);
            } else {
                int port = Integer.parseInt(arguments[1]);
                long bytes = Long.parseLong(arguments[3]) << 20;
                List<Future<Long>> streams = new ArrayList<>();
                for (int i = 0; i < Integer.parseInt(arguments[2]); i++) {
                    streams.add(threads.submit(() -> receive(arguments[0], port, bytes)));
                }
                long sum = 0;
                for (Future<Long> each : streams) {
                    sum += each.get();
                }
                System.out.println(sum);
            }
        } finally {
            threads.shutdown();
        }
    }

    private static void serve(int port, ExecutorService threads) throws IOException {
        try (ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            while (true) {
                SocketChannel stream = listener.accept();
                threads.submit((Callable<Void>) () -> {
                    send(stream);
                    return null;
                });
            }
        }
    }

    private static void send(SocketChannel stream) throws IOException {
        try (stream) {
            ByteBuffer wanted = ByteBuffer.allocate(Long.BYTES);
            while (wanted.hasRemaining()) {
                if (stream.read(wanted) < 0) {
                    return;
                }
            }
            ByteBuffer piece = ByteBuffer.allocateDirect(PIECE);
            for (long left = wanted.getLong(0); left > 0; ) {
                piece.clear().limit((int) Math.min(PIECE, left));
                left -= stream.write(piece);
            }
        }
    }

    /** How many bytes came until the end. */
    private static long receive(String host, int port, long bytes) throws IOException {
        try (SocketChannel stream = SocketChannel.open(new InetSocketAddress(host, port))) {
            ByteBuffer wanted = ByteBuffer.allocate(Long.BYTES).putLong(0, bytes);
            while (wanted.hasRemaining()) {
                stream.write(wanted);
            }
            ByteBuffer piece = ByteBuffer.allocateDirect(PIECE);
            long sum = 0;
            for (int count = stream.read(piece); count >= 0; count = stream.read(piece)) {
                sum += count;
                piece.clear();
            }
            if (sum != bytes) {
                throw new IOException(sum + " of " + bytes + " bytes came");
            }
            return sum;
        }
    }
}
