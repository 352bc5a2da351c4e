package dev.baton.runtime.posix;

import static dev.baton.runtime.posix.PosixTestSupport.ipv4Loopback;
import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyInt;
import static org.mockito.ArgumentMatchers.anyLong;
import static org.mockito.ArgumentMatchers.eq;
import static org.mockito.Mockito.doCallRealMethod;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.times;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.SocketOptions;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;

/** The seam at which other tests inject errors and addresses: what they need of it must stay possible. */
class PosixSeamTest {

    @Test
    void shouldLetTestsInjectErrorsAndAddresses() {
        Posix posix = mock();
        InetSocketAddress from = ipv4Loopback(1234);
        when(posix.accept(eq(7), any(PeerAddress.class)))
                .thenReturn(-Errno.EMFILE)
                .thenAnswer(call -> {
                    call.getArgument(1, PeerAddress.class).set(from);
                    return 8;
                });
        try (PeerAddress peer = new PeerAddress()) {
            assertThat(accept(posix, peer)).isEqualTo(-Errno.EMFILE);
            assertThat(accept(posix, peer)).isEqualTo(8);
            assertThat(peer.address()).isSameAs(from);
            assertThat(peer.truncated()).isFalse();
        }
        verify(posix, times(2)).accept(anyInt(), any());
    }

    @Test
    void shouldMakeShortFormsOfTheLongOnes() {
        Posix posix = mock();
        doCallRealMethod().when(posix).recv(anyInt(), anyLong(), anyInt());
        doCallRealMethod().when(posix).socketError(anyInt());
        when(posix.recv(3, 100L, 10, 0)).thenReturn(4);
        when(posix.intOption(3, SocketOptions.SOL_SOCKET, SocketOptions.SO_ERROR))
                .thenReturn(Errno.ECONNREFUSED);
        assertThat(posix.recv(3, 100L, 10)).isEqualTo(4);
        assertThat(posix.socketError(3)).isEqualTo(Errno.ECONNREFUSED);
    }

    /** What stands for the code under test. */
    private static int accept(Posix posix, PeerAddress peer) {
        return posix.accept(7, peer);
    }
}
