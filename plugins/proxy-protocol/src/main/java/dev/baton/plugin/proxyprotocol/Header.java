package dev.baton.plugin.proxyprotocol;

import dev.baton.spi.channel.ConnectionFacts;
import dev.baton.spi.posix.AbstractUnixAddress;
import io.netty.buffer.ByteBuf;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A header of the PROXY protocol, "The PROXY protocol, versions 1 and 2" (haproxy.org, doc/proxy-protocol.txt). Section
 * numbers below are of that text. Extensions (section 2.2: TLVs) are skipped, the checksum among them.
 *
 * @param bytes how long it is; 0 if it is not complete yet
 * @param facts what it says; null if it says nothing of addresses, and those of the socket are to be used
 */
record Header(int bytes, @Nullable ConnectionFacts facts) {
    /** Section 2.2: no text can begin like this. */
    private static final byte[] SIGNATURE = {'\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T', '\n'};
    /** Section 2.2: signature, version and command, family and transport, length. */
    private static final int V2_BYTES = 16;

    private static final byte[] V1 = "PROXY ".getBytes(StandardCharsets.US_ASCII);
    /** Section 2.1: the longest line, with its CR LF. */
    private static final int V1_BYTES_MAX = 107;

    private static final int V1_WORDS = 6;
    private static final int PORT_MAX = 65_535;
    private static final int BYTE_MAX = 255;
    private static final int PORTS_BYTES = 4;
    private static final int PATH_BYTES = 108;

    private static final Header INCOMPLETE = new Header(0, null);

    /** What comes is no header. The message is for the log, and has nothing of what came. */
    static final class MalformedException extends Exception {
        private static final long serialVersionUID = 1;

        MalformedException(String message) {
            super(message, null, false, false);
        }
    }

    boolean isComplete() {
        return bytes > 0;
    }

    /**
     * Looks for a header at the reader index, which it leaves where it is.
     *
     * @param limit in bytes, for version 2
     * @throws MalformedException as soon as what is there cannot become a header
     */
    static Header parse(ByteBuf in, int limit) throws MalformedException {
        if (!in.isReadable()) {
            return INCOMPLETE;
        }
        if (begins(in, SIGNATURE)) {
            return in.readableBytes() < V2_BYTES ? INCOMPLETE : version2(in, limit);
        }
        if (begins(in, V1)) {
            return version1(in);
        }
        throw new MalformedException("it does not begin with a header");
    }

    /** As far as there is anything to compare. */
    private static boolean begins(ByteBuf in, byte[] wanted) {
        int count = Math.min(wanted.length, in.readableBytes());
        for (int i = 0; i < count; i++) {
            if (in.getByte(in.readerIndex() + i) != wanted[i]) {
                return false;
            }
        }
        return true;
    }

    // ---- version 1, section 2.1 -------------------------------------------------------------------------------------

    private static Header version1(ByteBuf in) throws MalformedException {
        int count = Math.min(in.readableBytes(), V1_BYTES_MAX);
        int end = in.indexOf(in.readerIndex(), in.readerIndex() + count, (byte) '\r') - in.readerIndex();
        if (end < 0) {
            if (count == V1_BYTES_MAX) {
                throw new MalformedException("its line is longer than " + V1_BYTES_MAX + " bytes");
            }
            return INCOMPLETE;
        }
        if (end + 1 >= V1_BYTES_MAX) {
            throw new MalformedException("its line is longer than " + V1_BYTES_MAX + " bytes");
        }
        if (end + 1 == in.readableBytes()) {
            return INCOMPLETE;
        }
        if (in.getByte(in.readerIndex() + end + 1) != '\n') {
            throw new MalformedException("its line has a CR without LF");
        }
        String line = in.toString(in.readerIndex(), end, StandardCharsets.ISO_8859_1);
        return new Header(end + 2, facts(line));
    }

    private static @Nullable ConnectionFacts facts(String line) throws MalformedException {
        String[] words = line.split(" ", -1);
        if (words[1].equals("UNKNOWN")) {
            return null; // whatever follows
        }
        boolean ipv6 = words[1].equals("TCP6");
        if (words.length != V1_WORDS || (!ipv6 && !words[1].equals("TCP4"))) {
            throw new MalformedException("its line has not the form of TCP4, TCP6 or UNKNOWN");
        }
        return new ConnectionFacts(address(ipv6, words[2], words[4]), address(ipv6, words[3], words[5]));
    }

    private static InetSocketAddress address(boolean ipv6, String host, String port) throws MalformedException {
        byte[] bytes = ipv6 ? ipv6(host) : ipv4(host);
        return new InetSocketAddress(inet(bytes), decimal(port, PORT_MAX));
    }

    private static byte[] ipv4(String host) throws MalformedException {
        String[] parts = host.split("\\.", -1);
        byte[] bytes = new byte[4];
        if (parts.length != bytes.length) {
            throw new MalformedException("it has a wrong IPv4 address");
        }
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) decimal(parts[i], BYTE_MAX);
        }
        return bytes;
    }

    private static byte[] ipv6(String host) throws MalformedException {
        boolean plain = host.indexOf(':') >= 0;
        for (int i = 0; i < host.length(); i++) {
            char c = host.charAt(i);
            plain &= c == ':' || c == '.' || (c < 128 && Character.digit(c, 16) >= 0);
        }
        byte[] bytes = plain ? NetUtil.createByteArrayFromIpAddressString(host) : null;
        if (bytes == null) {
            throw new MalformedException("it has a wrong IPv6 address");
        }
        return bytes;
    }

    /** Without leading zeroes, which some read as octal. */
    private static int decimal(String digits, int max) throws MalformedException {
        int value = 0;
        boolean right = !digits.isEmpty() && (digits.length() == 1 || digits.charAt(0) != '0');
        for (int i = 0; i < digits.length() && right; i++) {
            char c = digits.charAt(i);
            value = value * 10 + c - '0';
            right = c >= '0' && c <= '9' && value <= max;
        }
        if (!right) {
            throw new MalformedException("it has a wrong number");
        }
        return value;
    }

    // ---- version 2, section 2.2 -------------------------------------------------------------------------------------

    private static Header version2(ByteBuf in, int limit) throws MalformedException {
        int at = in.readerIndex();
        int versionAndCommand = in.getUnsignedByte(at + 12);
        int kind = in.getUnsignedByte(at + 13);
        int length = in.getUnsignedShort(at + 14);
        if (versionAndCommand != 0x20 && versionAndCommand != 0x21) {
            throw new MalformedException("it has an unknown version or command");
        }
        boolean local = versionAndCommand == 0x20;
        int addressBytes = addressBytes(kind);
        if (!local && length < 2 * addressBytes + portsBytes(addressBytes)) {
            throw new MalformedException("it is shorter than its addresses");
        }
        if (V2_BYTES + length > limit) {
            throw new MalformedException("it is longer than " + limit + " bytes");
        }
        if (in.readableBytes() < V2_BYTES + length) {
            return INCOMPLETE;
        }
        return new Header(V2_BYTES + length, local || addressBytes == 0 ? null : facts(in, addressBytes));
    }

    /** Section 2.2: all other values are reserved, and must be refused. */
    private static int addressBytes(int kind) throws MalformedException {
        return switch (kind) {
            case 0x00 -> 0;
            case 0x11, 0x12 -> 4;
            case 0x21, 0x22 -> 16;
            case 0x31, 0x32 -> PATH_BYTES;
            default -> throw new MalformedException("it has an unknown family or transport");
        };
    }

    private static int portsBytes(int addressBytes) {
        return addressBytes == 4 || addressBytes == 16 ? PORTS_BYTES : 0;
    }

    private static ConnectionFacts facts(ByteBuf in, int addressBytes) throws MalformedException {
        int at = in.readerIndex() + V2_BYTES;
        byte[] client = new byte[addressBytes];
        byte[] server = new byte[addressBytes];
        in.getBytes(at, client).getBytes(at + addressBytes, server);
        if (addressBytes == PATH_BYTES) {
            return new ConnectionFacts(unix(client), unix(server));
        }
        int ports = at + 2 * addressBytes;
        return new ConnectionFacts(
                new InetSocketAddress(inet(client), in.getUnsignedShort(ports)),
                new InetSocketAddress(inet(server), in.getUnsignedShort(ports + 2)));
    }

    /** As in {@code sockaddr_un}: up to the first NUL; one that begins with NUL has an abstract name, or none. */
    private static SocketAddress unix(byte[] path) throws MalformedException {
        boolean isAbstract = path[0] == 0 && path[1] != 0;
        int from = isAbstract ? 1 : 0;
        int to = from;
        while (to < path.length && path[to] != 0) {
            to++;
        }
        byte[] name = Arrays.copyOfRange(path, from, to);
        try {
            return isAbstract
                    ? new AbstractUnixAddress(name)
                    : UnixDomainSocketAddress.of(new String(name, StandardCharsets.UTF_8));
        } catch (InvalidPathException e) {
            throw new MalformedException("it has a path that cannot be");
        }
    }

    private static InetAddress inet(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of " + bytes.length + " bytes", e);
        }
    }
}
