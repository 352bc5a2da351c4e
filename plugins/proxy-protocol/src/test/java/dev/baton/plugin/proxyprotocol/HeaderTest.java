package dev.baton.plugin.proxyprotocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.spi.channel.ConnectionFacts;
import dev.baton.spi.posix.AbstractUnixAddress;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Headers of both versions, right and wrong, against sections 2.1 and 2.2 of the protocol. */
class HeaderTest {
    private static final int LIMIT = 4096;
    private static final String V1 = "PROXY TCP4 192.0.2.7 198.51.100.9 4711 443\r\n";

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits);
    }

    private static Header parse(byte[] bytes) throws Header.MalformedException {
        return Header.parse(Unpooled.wrappedBuffer(bytes), LIMIT);
    }

    private static ConnectionFacts facts(byte[] bytes) throws Header.MalformedException {
        Header header = parse(bytes);
        assertThat(header.bytes()).isEqualTo(bytes.length);
        assertThat(header.facts()).isNotNull();
        return header.facts();
    }

    private static InetSocketAddress inet(String host, int port) {
        return new InetSocketAddress(host, port);
    }

    static List<byte[]> right() {
        return List.of(
                ascii(V1),
                ascii("PROXY TCP6 2001:db8::7 ::1 65535 0\r\n"),
                ascii("PROXY UNKNOWN\r\n"),
                ascii("PROXY UNKNOWN ffff:f...f:ffff whatever 65535\r\n"),
                Headers.ipv4(),
                Headers.ipv4(hex("0300040badbadb")),
                Headers.v2(0x21, 0x21, new byte[36]),
                Headers.v2(0x21, 0x31, Headers.path("/run/client"), Headers.path("/run/server")),
                Headers.v2(0x20, 0x00),
                Headers.v2(0x20, 0x11, hex("0102")),
                Headers.v2(0x21, 0x00, hex("ffffff")));
    }

    @Test
    void shouldReadAddressesOfVersion1() throws Exception {
        assertThat(facts(ascii(V1))).isEqualTo(new ConnectionFacts(inet("192.0.2.7", 4711), inet("198.51.100.9", 443)));
        assertThat(facts(ascii("PROXY TCP6 2001:DB8::7 ::1 65535 0\r\n")))
                .isEqualTo(new ConnectionFacts(inet("2001:db8::7", 65_535), inet("::1", 0)));
    }

    @Test
    void shouldReadAddressesOfVersion2() throws Exception {
        ConnectionFacts wanted = new ConnectionFacts(inet("192.0.2.7", 4711), inet("198.51.100.9", 443));
        assertThat(facts(Headers.ipv4())).isEqualTo(wanted);
        // A checksum that is wrong, in an extension that is skipped like all.
        assertThat(facts(Headers.ipv4(hex("0300040badbadb")))).isEqualTo(wanted);
        assertThat(facts(Headers.v2(
                        0x21,
                        0x21,
                        hex("20010db8000000000000000000000007"),
                        hex("00000000000000000000000000000001"),
                        hex("126701bb"))))
                .isEqualTo(new ConnectionFacts(inet("2001:db8::7", 4711), inet("::1", 443)));
        assertThat(facts(Headers.v2(0x21, 0x31, Headers.path("/run/client"), Headers.path("\0server"))))
                .isEqualTo(new ConnectionFacts(
                        UnixDomainSocketAddress.of("/run/client"), new AbstractUnixAddress("server")));
        // Not text, and longer than it would be as text.
        byte[] name = new byte[107];
        Arrays.fill(name, (byte) 0xff);
        assertThat(facts(Headers.v2(0x21, 0x31, new byte[1], name, Headers.path("/s")))
                        .client())
                .isEqualTo(new AbstractUnixAddress(name));
        assertThat(facts(Headers.v2(0x21, 0x31, Headers.path(""), Headers.path("/s")))
                        .client())
                .isEqualTo(UnixDomainSocketAddress.of(""));
    }

    /** Section 2.1: UNKNOWN; section 2.2: LOCAL, and UNSPEC. */
    @Test
    void shouldLeaveTheSocketsAddressesWhereNoneAreSaid() throws Exception {
        assertThat(parse(ascii("PROXY UNKNOWN\r\n"))).isEqualTo(new Header(15, null));
        assertThat(parse(ascii("PROXY UNKNOWN a b c\r\nGET"))).isEqualTo(new Header(21, null));
        assertThat(parse(Headers.v2(0x20, 0x11, new byte[12]))).isEqualTo(new Header(28, null));
        assertThat(parse(Headers.v2(0x20, 0x00))).isEqualTo(new Header(16, null));
        assertThat(parse(Headers.v2(0x21, 0x00, hex("ffffff")))).isEqualTo(new Header(19, null));
    }

    @ParameterizedTest
    @MethodSource("right")
    void shouldWaitForEachByteAndTakeNoneBehind(byte[] header) throws Exception {
        for (int count = 0; count < header.length; count++) {
            assertThat(parse(Arrays.copyOf(header, count)).isComplete())
                    .as("after %d of %d bytes", count, header.length)
                    .isFalse();
        }
        ByteBuf more = Unpooled.wrappedBuffer(ascii("x"), header, ascii("GET / HTTP/1.1\r\n"))
                .skipBytes(1);
        assertThat(Header.parse(more, LIMIT).bytes()).isEqualTo(header.length);
        assertThat(more.readerIndex()).isOne();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET / HTTP/1.1\r\n",
                "proxy TCP4 192.0.2.7 198.51.100.9 4711 443\r\n",
                "PROXY\r\n",
                "PROXY \r\n",
                "PROXY TCP4\r\n",
                "PROXY TCP5 192.0.2.7 198.51.100.9 4711 443\r\n",
                "PROXY TCP4 192.0.2.7 198.51.100.9 4711\r\n",
                "PROXY TCP4 192.0.2.7 198.51.100.9 4711 443 \r\n",
                "PROXY TCP4  192.0.2.7 198.51.100.9 4711 443\r\n",
                "PROXY TCP4 192.0.2.07 198.51.100.9 4711 443\r\n",
                "PROXY TCP4 192.0.2 198.51.100.9 4711 443\r\n",
                "PROXY TCP4 192.0.2.256 198.51.100.9 4711 443\r\n",
                "PROXY TCP4 192.0.2.+7 198.51.100.9 4711 443\r\n",
                "PROXY TCP4 192.0.2.7 198.51.100.9 65536 443\r\n",
                "PROXY TCP4 192.0.2.7 198.51.100.9 04711 443\r\n",
                "PROXY TCP4 192.0.2.7 198.51.100.9 99999999999 443\r\n",
                "PROXY TCP4 192.0.2.7 198.51.100.9  443\r\n",
                "PROXY TCP4 ::1 ::1 4711 443\r\n",
                "PROXY TCP6 192.0.2.7 198.51.100.9 4711 443\r\n",
                "PROXY TCP6 fe80::1%1 ::1 4711 443\r\n",
                "PROXY TCP6 [::1] ::1 4711 443\r\n",
                "PROXY TCP6 1::2::3 ::1 4711 443\r\n",
                "PROXY TCP4 192.0.2.7 198.51.100.9 4711 443\rx",
                "PROXY TCP4 192.0.2.7 198.51.100.9 4711 443\n",
                "\r\n\r\n\0\r\nQUIX",
            })
    void shouldRefuseWhatIsNoHeader(String text) {
        byte[] bytes = Arrays.copyOf(ascii(text), Math.max(107, text.length()));
        assertThatThrownBy(() -> parse(bytes)).isInstanceOf(Header.MalformedException.class);
    }

    @Test
    void shouldRefuseALineThatIsTooLong() throws Exception {
        String line = "PROXY UNKNOWN ";
        assertThat(parse(ascii(line + "x".repeat(91) + "\r\n")).bytes()).isEqualTo(107);
        assertThatThrownBy(() -> parse(ascii(line + "x".repeat(92) + "\r\n")))
                .isInstanceOf(Header.MalformedException.class);
        assertThatThrownBy(() -> parse(ascii(line + "x".repeat(93)))).isInstanceOf(Header.MalformedException.class);
    }

    @Test
    void shouldRefuseWrongHeadersOfVersion2() {
        byte[] addresses = new byte[12];
        for (byte[] wrong : List.of(
                Headers.v2(0x11, 0x11, addresses),
                Headers.v2(0x22, 0x11, addresses),
                Headers.v2(0x2f, 0x11, addresses),
                Headers.v2(0x21, 0x10, addresses),
                Headers.v2(0x21, 0x13, addresses),
                Headers.v2(0x21, 0x41, addresses),
                Headers.v2(0x21, 0x11, new byte[11]),
                Headers.v2(0x21, 0x21, new byte[35]),
                Headers.v2(0x21, 0x31, new byte[215]),
                Headers.ipv4(new byte[LIMIT]))) {
            assertThatThrownBy(() -> parse(wrong))
                    .as(HexFormat.of().formatHex(wrong, 0, 16))
                    .isInstanceOf(Header.MalformedException.class);
        }
    }

    /** Before what is announced has come: it is not waited for. */
    @Test
    void shouldRefuseALongHeaderAtItsBeginning() {
        byte[] header = Headers.ipv4(new byte[60_000]);
        assertThatThrownBy(() -> parse(Arrays.copyOf(header, 16)))
                .isInstanceOf(Header.MalformedException.class)
                .hasMessageContaining("4096");
    }

    /**
     * Whatever a header becomes by a few wrong bytes: it is read, refused or waited for, and never more than there is.
     */
    @Test
    void shouldSurviveAnyBytes() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        List<byte[]> right = right();
        for (int round = 0; round < 100_000; round++) {
            byte[] bytes = right.get(random.nextInt(right.size())).clone();
            for (int i = random.nextInt(4); i >= 0; i--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            try {
                assertThat(parse(bytes).bytes()).as("seed %d", seed).isBetween(0, bytes.length);
            } catch (Header.MalformedException expected) {
                assertThat(expected).hasMessageMatching("\\p{Print}+");
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed + ": " + HexFormat.of().formatHex(bytes), e);
            }
        }
    }
}
