package dev.baton.runtime.upstream;

import dev.baton.runtime.config.ProxyVersion;
import dev.baton.spi.channel.ConnectionFacts;
import dev.baton.spi.posix.AbstractUnixAddress;
import io.netty.util.NetUtil;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Writes headers of the PROXY protocol, "The PROXY protocol, versions 1 and 2" (haproxy.org, doc/proxy-protocol.txt).
 * Section numbers below are of that text. The plugin {@code proxy-protocol} reads what this writes.
 *
 * <pre>
 * client and server           version 1        version 2
 * both IPv4                   TCP4             PROXY, INET STREAM
 * IPv6, one of them or both   TCP6             PROXY, INET6 STREAM; an IPv4 address as ::ffff:192.0.2.1
 * both unix                   UNKNOWN          PROXY, UNIX STREAM
 * unix and IP, or not known   UNKNOWN          PROXY, UNSPEC
 * there is no client          UNKNOWN          LOCAL
 * </pre>
 */
final class ProxyHeader {
    /** Section 2.2: no text can begin like this. */
    private static final byte[] SIGNATURE = {'\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T', '\n'};

    private static final int V2_BYTES = 16;
    /** Section 2.2: the version, and who the connection is for. */
    private static final int LOCAL = 0x20;

    private static final int PROXY = 0x21;
    /** Section 2.2: family and transport. */
    private static final int UNSPEC = 0x00;

    private static final int TCP4 = 0x11;
    private static final int TCP6 = 0x21;
    private static final int UNIX_STREAM = 0x31;
    /** Section 2.2: {@code sun_path}, filled up with NUL. */
    private static final int PATH_BYTES = 108;

    private static final int IPV6_BYTES = 16;
    private static final String MAPPED = "::ffff:";

    private ProxyHeader() {}

    /**
     * Writes a header.
     *
     * @param facts who speaks with whom on the client's connection; null if there is no client
     */
    static byte[] of(ProxyVersion version, @Nullable ConnectionFacts facts) {
        return switch (version) {
            case V1 -> version1(facts).getBytes(StandardCharsets.US_ASCII);
            case V2 -> version2(facts);
        };
    }

    private static String version1(@Nullable ConnectionFacts facts) {
        if (facts != null
                && facts.client() instanceof InetSocketAddress client
                && facts.server() instanceof InetSocketAddress server) {
            int family = family(client, server);
            if (family != UNSPEC) {
                return "PROXY " + (family == TCP4 ? "TCP4 " : "TCP6 ") + text(family, client) + ' '
                        + text(family, server) + ' ' + client.getPort() + ' ' + server.getPort() + "\r\n";
            }
        }
        return "PROXY UNKNOWN\r\n";
    }

    private static byte[] version2(@Nullable ConnectionFacts facts) {
        if (facts == null) {
            return header(LOCAL, UNSPEC, 0).array();
        }
        if (facts.client() instanceof InetSocketAddress client && facts.server() instanceof InetSocketAddress server) {
            int family = family(client, server);
            if (family != UNSPEC) {
                byte[] from = bytes(family, client);
                byte[] to = bytes(family, server);
                return header(PROXY, family, from.length + to.length + 2 * Short.BYTES)
                        .put(from)
                        .put(to)
                        .putShort((short) client.getPort())
                        .putShort((short) server.getPort())
                        .array();
            }
        }
        byte[] from = path(facts.client());
        byte[] to = path(facts.server());
        return from == null || to == null
                ? header(PROXY, UNSPEC, 0).array()
                : header(PROXY, UNIX_STREAM, 2 * PATH_BYTES).put(from).put(to).array();
    }

    private static ByteBuffer header(int command, int family, int length) {
        return ByteBuffer.allocate(V2_BYTES + length)
                .put(SIGNATURE)
                .put((byte) command)
                .put((byte) family)
                .putShort((short) length);
    }

    private static int family(InetSocketAddress client, InetSocketAddress server) {
        InetAddress from = client.getAddress();
        InetAddress to = server.getAddress();
        if (from instanceof Inet4Address && to instanceof Inet4Address) {
            return TCP4;
        }
        return from != null && to != null ? TCP6 : UNSPEC;
    }

    private static String text(int family, InetSocketAddress address) {
        String text = NetUtil.toAddressString(address.getAddress());
        return isMapped(family, address) ? MAPPED + text : text;
    }

    private static byte[] bytes(int family, InetSocketAddress address) {
        byte[] own = address.getAddress().getAddress();
        return isMapped(family, address)
                ? ByteBuffer.allocate(IPV6_BYTES)
                        .position(IPV6_BYTES - 6)
                        .put((byte) 0xff)
                        .put((byte) 0xff)
                        .put(own)
                        .array()
                : own;
    }

    /** An IPv4 address that stands beside one of IPv6 (RFC 4291, 2.5.5.2). */
    private static boolean isMapped(int family, InetSocketAddress address) {
        return family == TCP6 && address.getAddress() instanceof Inet4Address;
    }

    /** As in {@code sockaddr_un}; null for what is not a unix address. */
    private static byte @Nullable [] path(@Nullable SocketAddress address) {
        ByteBuffer path = ByteBuffer.allocate(PATH_BYTES);
        if (address instanceof UnixDomainSocketAddress file) {
            byte[] name = file.toString().getBytes(StandardCharsets.UTF_8);
            path.put(name, 0, Math.min(name.length, PATH_BYTES));
        } else if (address instanceof AbstractUnixAddress name) {
            path.put((byte) 0).put(name.bytes());
        } else {
            return null;
        }
        return path.array();
    }
}
