package dev.baton.it.dns;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/** A name server on a free port of loopback, UDP and TCP, that answers as a test says; it knows no name at first. */
public final class ScriptedDns implements AutoCloseable {
    private static final int TYPE_A = 1;
    private static final int TYPE_CNAME = 5;
    private static final int TYPE_AAAA = 28;
    private static final int TYPE_SRV = 33;
    private static final int TRUNCATED = 0x0200;

    private final ServerSocket streams;
    private final DatagramSocket datagrams;
    private final List<Thread> threads;
    private final Map<String, Answer> zone = new ConcurrentHashMap<>();
    private final Set<String> withoutIpv6 = ConcurrentHashMap.newKeySet();

    /** What was asked, as in {@code udp A app.test}. */
    public final Queue<String> asked = new ConcurrentLinkedQueue<>();

    /** Records; the names end without a dot. */
    record Line(String owner, int ttl, String value) {}

    /**
     * An answer.
     *
     * @param code the RCODE
     * @param truncated whether it goes over UDP only in part, which is nothing of it
     * @param additional records that come along
     */
    record Answer(int code, boolean silent, boolean truncated, List<Line> additional, List<Line> lines) {}

    /** Listens from now on. */
    public ScriptedDns() throws IOException {
        ServerSocket tcp = null;
        DatagramSocket udp = null;
        while (udp == null) {
            tcp = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
            try {
                udp = new DatagramSocket(tcp.getLocalPort(), InetAddress.getLoopbackAddress());
            } catch (BindException taken) {
                tcp.close();
            }
        }
        streams = tcp;
        datagrams = udp;
        threads = List.of(new Thread(this::serveDatagrams, "dns-udp"), new Thread(this::serveStreams, "dns-tcp"));
        threads.forEach(Thread::start);
    }

    /** Where it listens. */
    public InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), streams.getLocalPort());
    }

    /** A name has these addresses from now on. */
    public void is(String name, int ttl, String... addresses) {
        zone.put(name, new Answer(0, false, false, List.of(), lines(name, ttl, addresses)));
    }

    /** The same, but the answer fits into no datagram. */
    void isLong(String name, int ttl, String... addresses) {
        zone.put(name, new Answer(0, false, true, List.of(), lines(name, ttl, addresses)));
    }

    /**
     * A service has these servers from now on, each as in {@code "0 10 8080 a.test"}: priority, weight, port, target.
     */
    public void serves(String name, int ttl, String... servers) {
        zone.put(name, new Answer(0, false, false, List.of(), lines(name, ttl, servers)));
    }

    /** The same, but the answer fits into no datagram. */
    void servesLong(String name, int ttl, String... servers) {
        zone.put(name, new Answer(0, false, true, List.of(), lines(name, ttl, servers)));
    }

    /** The same, and other records come along. */
    void serves(String name, int ttl, List<Line> additional, String... servers) {
        zone.put(name, new Answer(0, false, false, additional, lines(name, ttl, servers)));
    }

    /** A name has these records. */
    void has(String name, Line... lines) {
        zone.put(name, new Answer(0, false, false, List.of(), List.of(lines)));
    }

    /** Questions for a name are answered with an error. */
    public void refuses(String name, int code) {
        zone.put(name, new Answer(code, false, false, List.of(), List.of()));
    }

    /** Questions for a name are not answered. */
    public void isSilent(String name) {
        zone.put(name, new Answer(0, true, false, List.of(), List.of()));
    }

    /** Questions for a name's IPv6 addresses are not answered. */
    void isSilentForIpv6(String name) {
        withoutIpv6.add(name);
    }

    private static List<Line> lines(String name, int ttl, String... addresses) {
        return Arrays.stream(addresses).map(each -> new Line(name, ttl, each)).toList();
    }

    private void serveDatagrams() {
        byte[] buffer = new byte[512];
        while (!datagrams.isClosed()) {
            try {
                DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                datagrams.receive(packet);
                byte[] answer = answer("udp", Arrays.copyOf(buffer, packet.getLength()));
                if (answer.length > 0) {
                    datagrams.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
                }
            } catch (IOException e) {
                if (!datagrams.isClosed()) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    private void serveStreams() {
        while (!streams.isClosed()) {
            try (Socket socket = streams.accept();
                    DataInputStream in = new DataInputStream(socket.getInputStream());
                    DataOutputStream out = new DataOutputStream(socket.getOutputStream())) {
                byte[] query = new byte[in.readUnsignedShort()];
                in.readFully(query);
                byte[] answer = answer("tcp", query);
                out.writeShort(answer.length);
                out.write(answer);
                in.read(); // the client's end
            } catch (IOException e) {
                if (!streams.isClosed()) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    /** RFC 1035, section 4; nothing if it is silent. */
    private byte[] answer(String how, byte[] query) throws IOException {
        int at = 12;
        List<String> labels = new ArrayList<>();
        while (query[at] != 0) {
            labels.add(new String(query, at + 1, query[at], StandardCharsets.US_ASCII));
            at += 1 + query[at];
        }
        int type = query[at + 2] & 0xff;
        int end = at + 5;
        String name = String.join(".", labels);
        asked.add(how + (type == TYPE_A ? " A " : type == TYPE_SRV ? " SRV " : " AAAA ") + name);
        Answer answer = zone.getOrDefault(name, new Answer(3, false, false, List.of(), List.of()));
        if (answer.silent || (type == TYPE_AAAA && withoutIpv6.contains(name))) {
            return new byte[0];
        }
        boolean truncated = answer.truncated && how.equals("udp");
        List<Line> lines = truncated
                ? List.of()
                : answer.lines.stream()
                        .filter(line -> type(line) == type || type(line) == TYPE_CNAME)
                        .toList();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.write(query, 0, 2);
        out.writeShort(0x8180 | answer.code | (truncated ? TRUNCATED : 0));
        out.writeShort(1);
        out.writeShort(lines.size());
        out.writeShort(0);
        out.writeShort(truncated ? 0 : answer.additional.size());
        out.write(query, 12, end - 12);
        write(lines, out);
        if (!truncated) {
            write(answer.additional, out);
        }
        return bytes.toByteArray();
    }

    private static void write(List<Line> lines, DataOutputStream out) throws IOException {
        for (Line line : lines) {
            byte[] value = switch (type(line)) {
                case TYPE_CNAME -> name(line.value);
                case TYPE_SRV -> server(line.value);
                default -> address(line.value).getAddress();
            };
            out.write(name(line.owner));
            out.writeShort(type(line));
            out.writeShort(1);
            out.writeInt(line.ttl);
            out.writeShort(value.length);
            out.write(value);
        }
    }

    /** RFC 2782. */
    private static byte[] server(String value) throws IOException {
        String[] words = value.split(" ", -1);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        for (int i = 0; i < 3; i++) {
            out.writeShort(Integer.parseInt(words[i]));
        }
        out.write(name(words[3]));
        return bytes.toByteArray();
    }

    private static int type(Line line) throws UncheckedIOException {
        if (line.value.indexOf(' ') > 0) {
            return TYPE_SRV;
        }
        char first = line.value.charAt(0);
        if ((Character.isLetter(first) || first == '_') && line.value.indexOf(':') < 0) {
            return TYPE_CNAME;
        }
        return address(line.value) instanceof Inet4Address ? TYPE_A : TYPE_AAAA;
    }

    private static InetAddress address(String literal) {
        try {
            return InetAddress.getByName(literal);
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] name(String name) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (String label : name.equals(".") ? new String[0] : name.split("\\.", -1)) {
            bytes.write(label.length());
            bytes.write(label.getBytes(StandardCharsets.US_ASCII));
        }
        bytes.write(0);
        return bytes.toByteArray();
    }

    @Override
    public void close() throws IOException {
        datagrams.close();
        streams.close();
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
