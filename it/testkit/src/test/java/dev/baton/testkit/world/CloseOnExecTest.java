package dev.baton.testkit.world;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;

/**
 * R27 (64d20fc9e): a child process inherits fds, and with them ports that are never free and peers that never see an
 * end. An audit of a server that serves: the kernel says of each number that it has opened that an exec closes it. (A
 * child of the virtual machine's own would not show it: that closes all numbers by itself.)
 */
class CloseOnExecTest {
    /** {@code O_CLOEXEC} of x86-64 and aarch64, as {@code /proc} shows it. */
    private static final int CLOSE_ON_EXEC = 02000000;

    private static final String FLAGS = "flags:";

    @InEachWorld(worlds = Where.REAL, because = "the flag is the kernel's")
    void shouldLeaveNothingToAChild(PluginWorld world) throws IOException {
        world.start("""
                listeners: { web: { bind: "127.0.0.1:0", service: echo } }
                services: { echo: { type: testkit-echo } }
                """);
        Peer client = world.connect("web");
        client.send("hello");
        client.expect("hello");
        Collection<Integer> numbers = world.openNumbers();
        assertThat(numbers)
                .as("a listener, a connection, and what the loops sleep on")
                .hasSizeGreaterThan(3);
        for (int number : numbers) {
            assertThat(flags(number) & CLOSE_ON_EXEC)
                    .as("close-on-exec of number " + number)
                    .isNotZero();
        }
    }

    private static int flags(int number) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/fdinfo/" + number))) {
            if (line.startsWith(FLAGS)) {
                return Integer.parseInt(line.substring(FLAGS.length()).trim(), 8);
            }
        }
        throw new AssertionError("the kernel says nothing of number " + number);
    }
}
