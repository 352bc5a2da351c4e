package dev.baton.runtime.posix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.spi.posix.AbstractUnixAddress;
import dev.baton.spi.posix.PosixException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Who has connected to a unix socket: a peer that is taken for another one gets rights that it must not have. */
class PeerCredentialsTest {
    private final JnrPosix posix = new JnrPosix();

    @Test
    void shouldTellProcessAndUser() throws IOException {
        try (PosixTestSupport sockets = new PosixTestSupport()) {
            String name = "baton-test-" + ProcessHandle.current().pid() + "-" + System.nanoTime();
            int listener = sockets.listener(new AbstractUnixAddress(name));
            int client = sockets.client(listener);
            PeerCredentials peer = PeerCredentials.of(posix, client);
            assertThat(peer.pid()).isEqualTo(ProcessHandle.current().pid());
            assertThat(peer.uid()).isEqualTo(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
            assertThat(peer.uid()).isEqualTo(Identity.effectiveUser());
        }
    }

    @Test
    void shouldSayThatTheKernelDoesNotTell() {
        assertThatThrownBy(() -> PeerCredentials.of(posix, -1))
                .isInstanceOf(PosixException.class)
                .hasMessageContaining("who is at the other end of fd -1: EBADF");
    }
}
