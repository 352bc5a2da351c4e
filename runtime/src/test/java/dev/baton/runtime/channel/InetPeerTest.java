package dev.baton.runtime.channel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.posix.AbstractUnixAddress;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Packed addresses come out as they went in. */
class InetPeerTest {
    @ParameterizedTest
    @CsvSource({"0, 0, 0", "127, 1, 65535", "255, 255, 1", "192, 129, 32768"})
    void packsWhatIsIpv4(int first, int last, int port) throws UnknownHostException {
        byte[] octets = {(byte) first, 0, 2, (byte) last};
        InetSocketAddress address = new InetSocketAddress(InetAddress.getByAddress(octets), port);
        long packed = InetPeer.pack(address);
        assertThat(packed).isNotEqualTo(InetPeer.NONE);
        assertThat(InetPeer.unpack(packed)).isEqualTo(address);
    }

    @Test
    void leavesTheRest() throws UnknownHostException {
        assertThat(InetPeer.pack(new InetSocketAddress(InetAddress.getByAddress(new byte[16]), 80)))
                .isEqualTo(InetPeer.NONE);
        assertThat(InetPeer.pack(InetSocketAddress.createUnresolved("nowhere.test", 80)))
                .isEqualTo(InetPeer.NONE);
        assertThat(InetPeer.pack(new AbstractUnixAddress("name"))).isEqualTo(InetPeer.NONE);
    }
}
