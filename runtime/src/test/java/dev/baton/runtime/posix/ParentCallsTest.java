package dev.baton.runtime.posix;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.posix.Sockets;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The calls of the parent of {@code baton run --keep}, made for real: posix_spawn has six arguments. */
@Timeout(60)
class ParentCallsTest {
    private final ParentCalls calls = new ParentCalls();
    private final Posix posix = new JnrPosix();

    @TempDir
    private Path folder = Path.of("");

    private int spawn(String script, int... sockets) throws Exception {
        List<byte[]> command = List.of("/bin/sh", "-c", script).stream()
                .map(each -> each.getBytes(StandardCharsets.UTF_8))
                .toList();
        return calls.spawn(command, sockets);
    }

    /** By its pid: other children of this JVM are the JVM's to reap. */
    private int code(int pid) {
        int[] code = new int[1];
        Awaitility.await().atMost(20, TimeUnit.SECONDS).until(() -> {
            var ended = new ProcessCalls().reap(pid);
            code[0] = ended.orElse(-1);
            return ended.isPresent();
        });
        return code[0];
    }

    @Test
    void shouldPassSocketsInTheirOrderFromNumberThreeOn() throws Exception {
        int[] pair = new int[2];
        assertThat(posix.socketPair(Sockets.SOCK_STREAM, pair)).isZero();
        Path out = folder.resolve("out");
        // One of them is where the other is to be, where that can be.
        int pid = spawn(
                "readlink /proc/self/fd/3 /proc/self/fd/4 /proc/self/fd/0 > '" + out + "'; ls /proc/$$/fd | wc -l >> '"
                        + out + "'; exit 7",
                pair[1],
                pair[0]);
        assertThat(code(pid)).isEqualTo(7);
        assertThat(Files.readAllLines(out).subList(0, 3))
                .containsExactly(calls.file(pair[1]), calls.file(pair[0]), "/dev/null");
        posix.close(pair[0]);
        posix.close(pair[1]);
    }

    @Test
    void shouldGiveTheChildAProcessGroupOfItsOwnAndTheEnvironment() throws Exception {
        Path out = folder.resolve("out");
        int pid = spawn("echo \"$PATH\" > '" + out + "'; cut -d ' ' -f 5 /proc/$$/stat >> '" + out + "'; kill -9 $$");
        assertThat(code(pid)).isEqualTo(128 + 9);
        assertThat(Files.readAllLines(out)).containsExactly(System.getenv("PATH"), Integer.toString(pid));
    }
}
