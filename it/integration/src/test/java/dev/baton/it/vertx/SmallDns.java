package dev.baton.it.vertx;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;

/** A DNS server on loopback that knows every name: its IPv4 address is 127.0.0.1, and it has no other record. */
final class SmallDns implements AutoCloseable {
    private static final int HEADER_SIZE = 12;
    private static final int TYPE_A = 1;

    private final DatagramSocket socket;
    private final Thread thread;
    private final AtomicInteger questions = new AtomicInteger();

    SmallDns() throws IOException {
        socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        thread = new Thread(this::serve, "small-dns");
        thread.start();
    }

    String address() {
        return "127.0.0.1:" + port();
    }

    int port() {
        return socket.getLocalPort();
    }

    int questions() {
        return questions.get();
    }

    private void serve() {
        byte[] buffer = new byte[512];
        while (!socket.isClosed()) {
            try {
                DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                socket.receive(packet);
                questions.incrementAndGet();
                byte[] answer = answer(Arrays.copyOf(buffer, packet.getLength()));
                socket.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
            } catch (IOException e) {
                if (!socket.isClosed()) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    /** RFC 1035, section 4: the question again, and a record that points back to its name. */
    private static byte[] answer(byte[] query) {
        int end = HEADER_SIZE;
        while (query[end] != 0) {
            end += 1 + query[end];
        }
        end++;
        int type = query[end] << 8 | query[end + 1];
        end += 4;
        boolean known = type == TYPE_A;
        ByteBuffer answer = ByteBuffer.allocate(end + 16);
        answer.put(query, 0, 2).putShort((short) 0x8580).putShort((short) 1).putShort((short) (known ? 1 : 0));
        answer.putInt(0).put(query, HEADER_SIZE, end - HEADER_SIZE);
        if (known) {
            answer.putShort((short) 0xc00c)
                    .putShort((short) TYPE_A)
                    .putShort((short) 1)
                    .putInt(60);
            answer.putShort((short) 4).put(new byte[] {127, 0, 0, 1});
        }
        return Arrays.copyOf(answer.array(), answer.position());
    }

    @Override
    public void close() throws InterruptedException {
        socket.close();
        thread.join();
    }
}
