package dev.baton.plugin.unixlistener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mockito.AdditionalAnswers.delegatesTo;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyInt;
import static org.mockito.Mockito.doAnswer;
import static org.mockito.Mockito.mock;

import dev.baton.runtime.posix.JnrPosix;
import dev.baton.spi.listener.ListenerEndpoint;
import dev.baton.spi.listener.SocketSettings;
import dev.baton.spi.posix.SocketCalls;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * F11: who owns the folder of a socket can put another file in its place at any moment. The mode was set by path after
 * the bind, so that a symbolic link made it the mode of any file of the process's user. The swap comes right after the
 * bind here, and right before the file is held.
 */
class SwappedFileTest {
    private static final int MODE = 0666;

    @TempDir
    private Path folder = Path.of("");

    private final JnrPosix posix = new JnrPosix();
    private final SocketCalls calls = mock(SocketCalls.class, delegatesTo(posix));
    private Path path = folder;
    private ListenerEndpoint endpoint = new UnixListenerKind().parse("unix:@none");
    private int number;

    /** What somebody does to the folder. */
    private interface Swap {
        void run() throws IOException;
    }

    @BeforeEach
    void makeASocket() throws IOException {
        path = folder.resolve("shop.sock");
        endpoint = new UnixListenerKind().parse("unix:" + path);
        number = endpoint.socket(calls);
    }

    @AfterEach
    void closeIt() {
        posix.close(number);
    }

    private void bind() throws IOException {
        endpoint.bind(number, mode(), calls);
    }

    private static SocketSettings mode() {
        return new SocketSettings(false, OptionalInt.of(MODE), Optional.empty(), Optional.empty());
    }

    private static int modeOf(Path file) throws IOException {
        return (Integer) Files.getAttribute(file, "unix:mode") & 0777;
    }

    private void afterTheBind(Swap swap) throws IOException {
        doAnswer(call -> {
                    int result = posix.bind(call.getArgument(0), call.getArgument(1, SocketAddress.class));
                    swap.run();
                    return result;
                })
                .when(calls)
                .bind(anyInt(), any());
    }

    private void beforeItIsHeld(Swap swap) throws IOException {
        doAnswer(call -> {
                    swap.run();
                    return posix.hold(call.getArgument(0), call.getArgument(1));
                })
                .when(calls)
                .hold(any(), any());
    }

    private void swapFor(Swap other) throws IOException {
        Files.delete(path);
        other.run();
    }

    private Path secret() throws IOException {
        Path secret = Files.writeString(folder.resolve("secret"), "x");
        Files.setAttribute(secret, "unix:mode", 0600);
        return secret;
    }

    @Test
    void setsTheModeOfTheSocketWhateverTheUmask() throws IOException {
        bind();
        assertThat(modeOf(path)).isEqualTo(MODE);
    }

    /** What a bind makes of it, before anything is set by the file. */
    @Test
    void neverLetsMoreUsersInThanTheModeDoes() throws IOException {
        int[] atTheBind = new int[1];
        afterTheBind(() -> atTheBind[0] = modeOf(path));
        endpoint.bind(
                number, new SocketSettings(false, OptionalInt.of(0600), Optional.empty(), Optional.empty()), calls);
        assertThat(atTheBind[0]).isEqualTo(0600);
    }

    @Test
    void leavesAFileAloneToWhichALinkPointsThatWasSwappedInAfterTheBind() throws IOException {
        Path secret = secret();
        afterTheBind(() -> swapFor(() -> Files.createSymbolicLink(path, secret)));
        assertThatThrownBy(this::bind).hasMessageContaining("another file has been put in its place");
        assertThat(modeOf(secret)).isEqualTo(0600);
    }

    @Test
    void leavesAFileAloneToWhichALinkPointsThatWasSwappedInLast() throws IOException {
        Path secret = secret();
        beforeItIsHeld(() -> swapFor(() -> Files.createSymbolicLink(path, secret)));
        assertThatThrownBy(this::bind).hasMessageContaining("another file has been put in its place");
        assertThat(modeOf(secret)).isEqualTo(0600);
    }

    @Test
    void leavesAnotherFileAlone() throws IOException {
        Path secret = secret();
        afterTheBind(() -> swapFor(() -> Files.move(secret, path)));
        assertThatThrownBy(this::bind).hasMessageContaining("another file has been put in its place");
        assertThat(modeOf(path)).isEqualTo(0600);
    }

    @Test
    void leavesAnotherSocketAloneThatIsLinkedThere() throws IOException {
        Path other = folder.resolve("other.sock");
        int theirs = posix.socket(dev.baton.spi.posix.Sockets.AF_UNIX, dev.baton.spi.posix.Sockets.SOCK_STREAM, 0);
        try {
            assertThat(posix.setMode(theirs, 0600)).isZero();
            assertThat(posix.bind(theirs, UnixDomainSocketAddress.of(other))).isZero();
            afterTheBind(() -> swapFor(() -> Files.createLink(path, other)));
            assertThatThrownBy(this::bind).hasMessageContaining("another file has been put in its place");
            assertThat(modeOf(other)).isEqualTo(0600);
        } finally {
            posix.close(theirs);
        }
    }
}
