package dev.baton.runtime.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.spi.tls.CipherSuite;
import dev.baton.spi.tls.TlsVersion;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What the JDK says first, whole, cut and spoilt. */
class ClientHelloTest {
    private static final int RECORD_HEADER_BYTES = 5;
    private static final int CHANGES = 20_000;

    private static final Set<TlsVersion> BOTH = Set.of(TlsVersion.values());
    private static final CipherSuite EC = CipherSuite.ECDHE_ECDSA_AES_128_GCM;

    private static byte[] hello(String name, String... suites) throws Exception {
        SSLEngine engine = SSLContext.getDefault().createSSLEngine("server.test", 443);
        engine.setUseClientMode(true);
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setServerNames(List.of(new SNIHostName(name)));
        parameters.setApplicationProtocols(new String[] {"h2", "http/1.1"});
        if (suites.length > 0) {
            parameters.setCipherSuites(suites);
            parameters.setProtocols(new String[] {"TLSv1.2"});
        }
        engine.setSSLParameters(parameters);
        ByteBuffer out = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
        engine.wrap(ByteBuffer.allocate(0), out);
        return Arrays.copyOf(out.array(), out.position());
    }

    private static @Nullable ClientHello parse(byte[] bytes) throws ClientHello.MalformedException {
        ByteBuf in = Unpooled.wrappedBuffer(bytes);
        try {
            ClientHello parsed = ClientHello.parse(in);
            assertThat(in.readableBytes()).isEqualTo(bytes.length);
            return parsed;
        } finally {
            in.release();
        }
    }

    private static ClientHello whole(String suite) throws Exception {
        return Objects.requireNonNull(parse(hello("shop.test", suite)));
    }

    @Test
    void shouldFindWhatACertificateIsChosenBy() throws Exception {
        ClientHello hello = Objects.requireNonNull(parse(hello("Shop.Test")));
        assertThat(hello.serverName()).isEqualTo("shop.test");
        assertThat(hello.alpn()).containsExactly("h2", "http/1.1");
        assertThat(hello.takesEc(BOTH, Set.of(EC))).isTrue();
        ClientHello rsa = whole("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
        assertThat(rsa.takesEc(BOTH, Set.of(CipherSuite.values()))).isFalse();
        ClientHello ec = whole("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
        assertThat(ec.takesEc(BOTH, Set.of(CipherSuite.values()))).isTrue();
    }

    /** What the server does not speak is of no use. */
    @Test
    void shouldNotTakeWhatTheServerCannotUse() throws Exception {
        ClientHello both = Objects.requireNonNull(parse(hello("shop.test")));
        Set<CipherSuite> rsa = Set.of(CipherSuite.ECDHE_RSA_AES_128_GCM);
        assertThat(both.takesEc(BOTH, rsa)).as("by TLS 1.3").isTrue();
        assertThat(both.takesEc(Set.of(TlsVersion.TLS_1_2), rsa)).isFalse();
        assertThat(both.takesEc(Set.of(TlsVersion.TLS_1_2), Set.of(EC))).isTrue();
        ClientHello older = whole("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
        assertThat(older.takesEc(BOTH, Set.of(CipherSuite.ECDHE_ECDSA_AES_256_GCM)))
                .isFalse();
        assertThat(older.takesEc(Set.of(TlsVersion.TLS_1_3), Set.of(EC))).isFalse();
    }

    @Test
    void shouldWaitForAllOfIt() throws Exception {
        byte[] whole = hello("shop.test");
        for (int length = 0; length < whole.length; length++) {
            assertThat(parse(Arrays.copyOf(whole, length)))
                    .as("%s bytes", length)
                    .isNull();
        }
        assertThat(parse(Arrays.copyOf(whole, whole.length + 10))).isNotNull();
    }

    /** Whatever comes, it is read, waited for or refused. */
    @Test
    void shouldBearAnything() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        byte[] whole = hello("shop.test");
        int refused = 0;
        for (int i = 0; i < CHANGES; i++) {
            byte[] spoilt = whole.clone();
            spoilt[random.nextInt(spoilt.length)] = (byte) random.nextInt();
            spoilt[RECORD_HEADER_BYTES + random.nextInt(spoilt.length - RECORD_HEADER_BYTES)] = (byte) random.nextInt();
            try {
                parse(spoilt);
            } catch (ClientHello.MalformedException e) {
                refused++;
            } catch (RuntimeException | Error e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
        assertThat(refused).as("seed %s", seed).isPositive();
    }

    private static void isRefused(TlsFailure failure, int... bytes) {
        byte[] all = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            all[i] = (byte) bytes[i];
        }
        assertThatThrownBy(() -> parse(all))
                .isInstanceOfSatisfying(
                        ClientHello.MalformedException.class,
                        thrown -> assertThat(thrown.failure()).isEqualTo(failure));
    }

    @Test
    void shouldRefuseAtOnceWhatCannotBecomeOne() {
        isRefused(TlsFailure.NOT_TLS, 'G');
        isRefused(TlsFailure.NOT_TLS, 22, 'G');
        isRefused(TlsFailure.CLIENT_HELLO_MALFORMED, 22, 3, 1, 0, 1, 2);
        isRefused(TlsFailure.CLIENT_HELLO_MALFORMED, 22, 3, 1, 0, 0);
        isRefused(TlsFailure.CLIENT_HELLO_MALFORMED, 22, 3, 1, 0, 1, 1, 'G');
        isRefused(TlsFailure.CLIENT_HELLO_TOO_LONG, 22, 3, 1, 0, 4, 1, 0, 0x40, 0);
    }

    /** A name of a byte each: many records of nothing would be a way to keep a server busy. */
    @Test
    void shouldBoundTheRecordsToo() {
        byte[] records = new byte[6 * 4_000];
        for (int at = 0; at < records.length; at += 6) {
            records[at] = 22;
            records[at + 1] = 3;
            records[at + 4] = 1;
            records[at + 5] = at == 0 ? 1 : (byte) (at == 12 ? 0x20 : 0);
        }
        assertThatThrownBy(() -> parse(records))
                .isInstanceOfSatisfying(
                        ClientHello.MalformedException.class,
                        thrown -> assertThat(thrown.failure()).isEqualTo(TlsFailure.CLIENT_HELLO_TOO_LONG));
    }
}
