package dev.baton.runtime.posix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.spi.posix.AbstractUnixAddress;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.Sockets;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The kernel's form of addresses: known bytes, and every address back as it went in. */
class SocketAddressesTest {
    private static final int ROUNDS = 20_000;
    private static final int OFFSET = 8;

    private final NativeMemory memory = NativeMemory.allocate(OFFSET + SocketAddresses.SIZE_MAX);

    @AfterEach
    void free() {
        memory.close();
    }

    @Test
    void shouldWriteIpv4AsTheKernelReadsIt() throws UnknownHostException {
        dirty();
        InetAddress host = InetAddress.getByAddress(new byte[] {10, 1, 2, (byte) 200});
        assertThat(SocketAddresses.encode(new InetSocketAddress(host, 0x1f90), memory, OFFSET))
                .isEqualTo(16);
        assertThat(memory.getShort(OFFSET)).isEqualTo((short) Sockets.AF_INET);
        // The port and the address are big-endian whatever the machine is; the rest is zero.
        assertThat(bytes(OFFSET + 2, 14)).containsExactly(0x1f, 0x90, 10, 1, 2, (byte) 200, 0, 0, 0, 0, 0, 0, 0, 0);
    }

    @Test
    void shouldWriteIpv6WithItsScope() throws UnknownHostException {
        dirty();
        byte[] host = {(byte) 0xfe, (byte) 0x80, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8};
        InetSocketAddress address = new InetSocketAddress(Inet6Address.getByAddress(null, host, 7), 443);
        assertThat(SocketAddresses.encode(address, memory, OFFSET)).isEqualTo(28);
        assertThat(memory.getShort(OFFSET)).isEqualTo((short) Sockets.AF_INET6);
        assertThat(bytes(OFFSET + 2, 2)).containsExactly(1, (byte) 0xbb);
        assertThat(memory.getInt(OFFSET + 4)).as("flow info").isZero();
        assertThat(bytes(OFFSET + 8, 16)).isEqualTo(host);
        assertThat(memory.getInt(OFFSET + 24)).as("scope id").isEqualTo(7);
    }

    @Test
    void shouldReadBackWhateverItWrote() throws UnknownHostException {
        long seed = System.nanoTime();
        System.out.println("SocketAddressesTest seed " + seed);
        Random random = new Random(seed);
        for (int i = 0; i < ROUNDS; i++) {
            SocketAddress address = randomAddress(random);
            dirty();
            int length = SocketAddresses.encode(address, memory, OFFSET);
            assertThat(length).as("seed %d, %s", seed, address).isBetween(2, 110);
            SocketAddress back = SocketAddresses.decode(memory, OFFSET, length);
            assertThat(back).as("seed %d", seed).isEqualTo(address);
            assertThat(scope(back)).as("seed %d, scope of %s", seed, address).isEqualTo(scope(address));
        }
    }

    @Test
    void shouldReadIpv4InIpv6AsIpv4() {
        memory.putShort(OFFSET, (short) Sockets.AF_INET6);
        memory.putBytes(OFFSET + 2, new byte[] {0, 80});
        memory.putBytes(OFFSET + 8, new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, 127, 0, 0, 1});
        assertThat(SocketAddresses.decode(memory, OFFSET, 28))
                .isEqualTo(new InetSocketAddress(InetAddress.getLoopbackAddress(), 80));
    }

    @Test
    void shouldReadEveryFormOfUnixAddress() {
        SocketAddress unnamed = UnixDomainSocketAddress.of("");
        assertThat(SocketAddresses.decode(memory, OFFSET, 0))
                .as("no address at all")
                .isEqualTo(unnamed);
        memory.putShort(OFFSET, (short) Sockets.AF_UNIX);
        assertThat(SocketAddresses.decode(memory, OFFSET, 2)).as("no name").isEqualTo(unnamed);
        // A path that fills sun_path has no NUL; the kernel then reports a length beyond it.
        memory.putBytes(OFFSET + 2, "p".repeat(109).getBytes(StandardCharsets.US_ASCII));
        assertThat(SocketAddresses.decode(memory, OFFSET, 111)).isEqualTo(UnixDomainSocketAddress.of("p".repeat(108)));
        // A path ends at its NUL, whatever follows.
        memory.putBytes(OFFSET + 2, new byte[] {'/', 'a', 0, 'b'});
        assertThat(SocketAddresses.decode(memory, OFFSET, 110)).isEqualTo(UnixDomainSocketAddress.of("/a"));
        // An abstract name does not: NUL and what is not text belong to it.
        memory.putBytes(OFFSET + 2, new byte[] {0, 'a', 0, -1});
        assertThat(SocketAddresses.decode(memory, OFFSET, 6))
                .isEqualTo(new AbstractUnixAddress(new byte[] {'a', 0, -1}));
    }

    @Test
    void shouldRefuseWhatTheKernelCannotTake() {
        assertThat(SocketAddresses.encode(InetSocketAddress.createUnresolved("baton.invalid", 1), memory, OFFSET))
                .isEqualTo(-Errno.EINVAL);
        assertThat(SocketAddresses.encode(new OtherAddress(), memory, OFFSET)).isEqualTo(-Errno.EAFNOSUPPORT);
        assertThat(SocketAddresses.encode(UnixDomainSocketAddress.of("x".repeat(108)), memory, OFFSET))
                .isEqualTo(-Errno.ENAMETOOLONG);
        assertThat(SocketAddresses.encode(UnixDomainSocketAddress.of("x".repeat(107)), memory, OFFSET))
                .isEqualTo(110);
    }

    @Test
    void shouldRefuseWhatItCannotRead() {
        memory.putShort(OFFSET, (short) 16);
        assertThat(SocketAddresses.isKnown(memory, OFFSET, 12)).isFalse();
        assertThatThrownBy(() -> SocketAddresses.decode(memory, OFFSET, 12))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("16");
        memory.putShort(OFFSET, (short) Sockets.AF_INET6);
        assertThatThrownBy(() -> SocketAddresses.decode(memory, OFFSET, 16))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static SocketAddress randomAddress(Random random) throws UnknownHostException {
        int port = random.nextInt(0x10000);
        switch (random.nextInt(5)) {
            case 0 -> {
                return new InetSocketAddress(InetAddress.getByAddress(randomBytes(random, 4)), port);
            }
            case 1 -> {
                return new InetSocketAddress(InetAddress.getByAddress(randomBytes(random, 16)), port);
            }
            case 2 -> {
                byte[] local = randomBytes(random, 16);
                local[0] = (byte) 0xfe;
                local[1] = (byte) 0x80;
                int scope = random.nextInt(Integer.MAX_VALUE);
                return new InetSocketAddress(Inet6Address.getByAddress(null, local, scope), port);
            }
            case 3 -> {
                StringBuilder path = new StringBuilder();
                int length = random.nextInt(107);
                for (int i = 0; i < length; i++) {
                    path.append((char) ('a' + random.nextInt(26)));
                }
                return UnixDomainSocketAddress.of(path.toString());
            }
            default -> {
                return new AbstractUnixAddress(randomBytes(random, 1 + random.nextInt(107)));
            }
        }
    }

    private static byte[] randomBytes(Random random, int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }

    /** Equality of addresses leaves the scope out. */
    private static int scope(SocketAddress address) {
        return address instanceof InetSocketAddress inet && inet.getAddress() instanceof Inet6Address inet6
                ? inet6.getScopeId()
                : 0;
    }

    private void dirty() {
        for (int i = 0; i < memory.size(); i++) {
            memory.putByte(i, (byte) 0x55);
        }
    }

    private byte[] bytes(int offset, int count) {
        byte[] bytes = new byte[count];
        memory.getBytes(offset, bytes);
        return bytes;
    }

    private static final class OtherAddress extends SocketAddress {
        private static final long serialVersionUID = 1L;
    }
}
