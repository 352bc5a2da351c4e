package dev.baton.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * What this process has open in the kernel and Baton may have opened: sockets, eventfds and epoll instances, whatever
 * made them; not files, of which the virtual machine opens some at any time. Any thread.
 *
 * <p>A socket that an earlier test has left goes when the collector comes by. So a test that left nothing has a subset
 * of what there was before it, and not the same number.
 */
public final class OpenFds {
    static {
        // With its first socket a newer virtual machine makes one of its own, which stays (J3): before anybody counts.
        try {
            SocketChannel.open().close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private OpenFds() {}

    /**
     * Each as its number and what it is, for example {@code 12 socket:[3456]}: another socket of the same number is
     * another one.
     */
    public static Set<String> now() {
        Set<String> open = new TreeSet<>();
        try (Stream<Path> fds = Files.list(Path.of("/proc/self/fd"))) {
            fds.forEach(fd -> {
                String target = target(fd);
                if (target.startsWith("socket:") || target.startsWith("anon_inode:")) {
                    open.add(fd.getFileName() + " " + target);
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return open;
    }

    private static String target(Path fd) {
        try {
            return Files.readSymbolicLink(fd).toString();
        } catch (IOException e) {
            return "closed meanwhile";
        }
    }
}
