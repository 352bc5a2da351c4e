package dev.baton.runtime.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.config.ProxyVersion;
import dev.baton.spi.channel.ConnectionFacts;
import dev.baton.spi.posix.AbstractUnixAddress;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Byte for byte as the PROXY protocol has it; what the plugin that reads it makes of it is an integration test's. */
class ProxyHeaderTest {
    private static final String SIGNATURE = "0d0a0d0a000d0a515549540a";
    private static final SocketAddress IPV4 = inet("192.0.2.7", 4711);
    private static final SocketAddress IPV6 = inet("2001:db8::7", 4711);
    private static final SocketAddress UNIX = UnixDomainSocketAddress.of("/run/shop.sock");

    private static InetSocketAddress inet(String address, int port) {
        try {
            byte[] bytes = Objects.requireNonNull(NetUtil.createByteArrayFromIpAddressString(address));
            return new InetSocketAddress(InetAddress.getByAddress(bytes), port);
        } catch (UnknownHostException impossible) {
            throw new AssertionError(impossible);
        }
    }

    private static String version1(@Nullable SocketAddress client, @Nullable SocketAddress server) {
        return new String(
                ProxyHeader.of(ProxyVersion.V1, new ConnectionFacts(client, server)), StandardCharsets.US_ASCII);
    }

    private static String version2(@Nullable SocketAddress client, @Nullable SocketAddress server) {
        return HexFormat.of().formatHex(ProxyHeader.of(ProxyVersion.V2, new ConnectionFacts(client, server)));
    }

    private static String path(String hex) {
        return hex + "00".repeat(108 - hex.length() / 2);
    }

    @Test
    void shouldWriteIpv4() {
        SocketAddress server = inet("198.51.100.9", 443);
        assertThat(version1(IPV4, server)).isEqualTo("PROXY TCP4 192.0.2.7 198.51.100.9 4711 443\r\n");
        assertThat(version2(IPV4, server))
                .isEqualTo(SIGNATURE + "2111000c" + "c0000207" + "c6336409" + "1267" + "01bb");
    }

    @Test
    void shouldWriteIpv6() {
        SocketAddress server = inet("2001:db8:0:0:1::9", 65_535);
        assertThat(version1(IPV6, server)).isEqualTo("PROXY TCP6 2001:db8::7 2001:db8::1:0:0:9 4711 65535\r\n");
        assertThat(version2(IPV6, server))
                .isEqualTo(SIGNATURE + "21210024" + "20010db8000000000000000000000007"
                        + "20010db8000000000001000000000009" + "1267" + "ffff");
    }

    /** The client's of a balancer that has both, for example. */
    @Test
    void shouldMapAnIpv4AddressBesideOneOfIpv6() {
        assertThat(version1(IPV4, IPV6)).isEqualTo("PROXY TCP6 ::ffff:192.0.2.7 2001:db8::7 4711 4711\r\n");
        assertThat(version2(IPV6, IPV4))
                .isEqualTo(SIGNATURE + "21210024" + "20010db8000000000000000000000007"
                        + "00000000000000000000ffffc0000207" + "1267" + "1267");
    }

    /** Version 1 has no word for them. */
    @Test
    void shouldWriteUnixAddresses() {
        assertThat(version1(UNIX, UNIX)).isEqualTo("PROXY UNKNOWN\r\n");
        String shop = path("2f72756e2f73686f702e736f636b");
        assertThat(version2(UNIX, UNIX)).isEqualTo(SIGNATURE + "213100d8" + shop + shop);
        assertThat(version2(UnixDomainSocketAddress.of(""), new AbstractUnixAddress("shop")))
                .as("a client without a name, on an abstract address")
                .isEqualTo(SIGNATURE + "213100d8" + path("") + path("0073686f70"));
    }

    @Test
    void shouldNameTheLongestUnixAddressesWhole() {
        SocketAddress longest = new AbstractUnixAddress("x".repeat(107));
        assertThat(version2(longest, longest)).endsWith(("00" + "78".repeat(107)).repeat(2));
    }

    /**
     * A connection that is a client's, of whom nothing can be said: the server is to use none of the socket's addresses
     * either.
     */
    @Test
    void shouldSayThatItDoesNotKnow() {
        String unknown = SIGNATURE + "21000000";
        SocketAddress[][] pairs = {{IPV4, UNIX}, {UNIX, IPV6}, {null, IPV4}, {UNIX, null}};
        for (SocketAddress[] pair : pairs) {
            assertThat(version1(pair[0], pair[1])).isEqualTo("PROXY UNKNOWN\r\n");
            assertThat(version2(pair[0], pair[1])).isEqualTo(unknown);
        }
        assertThat(version1(InetSocketAddress.createUnresolved("client", 1), IPV4))
                .isEqualTo("PROXY UNKNOWN\r\n");
    }

    /** Section 2.2: a connection of the proxy's own, for a health check for example. */
    @Test
    void shouldSayThatThereIsNoClient() {
        assertThat(ProxyHeader.of(ProxyVersion.V1, null))
                .asString(StandardCharsets.US_ASCII)
                .isEqualTo("PROXY UNKNOWN\r\n");
        assertThat(ProxyHeader.of(ProxyVersion.V2, null)).asHexString().isEqualToIgnoringCase(SIGNATURE + "20000000");
    }
}
