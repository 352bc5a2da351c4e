package dev.baton.runtime.tls;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.metrics.Meters;
import dev.baton.spi.channel.ConnectionFacts;
import dev.baton.spi.filter.ConnectionFilter;
import dev.baton.spi.filter.Next;
import dev.baton.spi.tls.CertificateFiles;
import dev.baton.spi.tls.CertificateMaker;
import dev.baton.spi.tls.CertifiedKey;
import dev.baton.spi.tls.Pem;
import dev.baton.spi.tls.ServerTlsConfig;
import dev.baton.spi.tls.UnknownName;
import dev.baton.testkit.EmbeddedConnection;
import dev.baton.testkit.ManualLoop;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Sends bytes to a listener with TLS, and checks what holds whatever they are. */
final class FuzzHello {
    /** What a client's first bytes are. */
    private record Reading(ClientHello hello, TlsFailure failure) {}

    private static final Meters METRICS = new Meters();
    private static final ConnectionFilter TLS = listener();

    private FuzzHello() {}

    private static ConnectionFilter listener() {
        try {
            Path folder = Files.createTempDirectory("fuzz");
            CertifiedKey made = CertificateMaker.of("web.test").make();
            Path certificate = Files.writeString(folder.resolve("web.crt"), Pem.write(made.chain()));
            Path key = Files.writeString(folder.resolve("web.key"), Pem.write(made.key()));
            ConnectionFilter filter = new LiveTls(METRICS)
                    .server(new ServerTlsConfig(
                            List.of(new CertificateFiles(certificate, key, Optional.empty())),
                            Optional.empty(),
                            List.of(),
                            List.of(),
                            Optional.empty(),
                            Optional.empty(),
                            List.of("h2", "http/1.1"),
                            UnknownName.DEFAULT,
                            false));
            Files.delete(certificate);
            Files.delete(key);
            Files.delete(folder);
            return filter;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    // ------------------------------------------------------------------------------------------------------- parsing

    /** What is read of a beginning is read of all that begins so, and where it is long enough to be sure. */
    static void parse(byte[] bytes, int step) {
        Reading whole = read(bytes);
        boolean known = false;
        for (int length = 0; length < bytes.length; length += step) {
            Reading part = read(Arrays.copyOf(bytes, length));
            if (part.hello() != null || part.failure() != null) {
                known = true;
                assertThat(part).as("of %s bytes", length).isEqualTo(whole);
            } else {
                assertThat(known)
                        .as("it was known with fewer than %s bytes", length)
                        .isFalse();
                assertThat(length).isLessThanOrEqualTo(ClientHello.BYTES_MAX);
            }
        }
    }

    private static Reading read(byte[] bytes) {
        UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
        ByteBuf in = allocator.heapBuffer(bytes.length + 1).writeBytes(bytes);
        try {
            ClientHello hello = ClientHello.parse(in);
            assertThat(in.readableBytes()).isEqualTo(bytes.length);
            if (hello != null) {
                checkNames(hello);
            }
            return new Reading(hello, null);
        } catch (ClientHello.MalformedException e) {
            return new Reading(null, e.failure());
        } finally {
            in.release();
            assertThat(allocator.metric().usedHeapMemory() + allocator.metric().usedDirectMemory())
                    .as("bytes leaked")
                    .isZero();
        }
    }

    private static void checkNames(ClientHello hello) {
        String name = hello.serverName();
        if (name != null) {
            assertThat(name).matches("[a-z0-9._:-]{1,255}");
        }
    }

    // ---------------------------------------------------------------------------------------------------- a connection

    /** It waits, is refused once, or shakes hands; and holds nothing when it is closed. */
    static void connect(byte[] bytes, int piece) {
        UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
        EmbeddedConnection connection = new EmbeddedConnection(new ManualLoop(1));
        connection.config().setAllocator(allocator);
        int[] refused = {0};
        TLS.accepted(connection, new Next() {
            @Override
            public void proceed() {
                throw new AssertionError("proceeds without a handshake");
            }

            @Override
            public void proceed(ConnectionFacts facts) {
                throw new AssertionError("proceeds: a handshake that nothing has answered");
            }

            @Override
            public void refuse(String reason) {
                assertThat(reason).isNotEmpty();
                refused[0]++;
                connection.close();
            }
        });
        for (int at = 0; at < bytes.length && connection.isOpen(); at += piece) {
            connection.writeInbound(Unpooled.copiedBuffer(bytes, at, Math.min(piece, bytes.length - at)));
            assertThat(connection.heldHeap() + connection.heldDirect())
                    .as("held")
                    .isLessThanOrEqualTo(4L * ClientHello.BYTES_MAX + 2L * piece);
        }
        Reading whole = read(bytes);
        if (whole.failure() != null) {
            assertThat(refused[0]).as("refusals").isOne();
        } else {
            assertThat(refused[0]).isZero();
            assertThat(connection.pipeline().get(SslHandler.class) != null || !connection.isOpen())
                    .as("a handshake begins")
                    .isEqualTo(whole.hello() != null);
        }
        connection.close();
        connection.releaseInbound();
        connection.releaseOutbound();
        connection.checkException();
        assertThat(connection.heldHeap() + connection.heldDirect())
                .as("held by a closed connection")
                .isZero();
        assertThat(allocator.metric().usedHeapMemory() + allocator.metric().usedDirectMemory())
                .as("bytes leaked")
                .isZero();
    }
}
