package dev.baton.runtime.upgrade;

import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.posix.AcceptError;
import dev.baton.runtime.posix.Identity;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.PollFd;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.posix.Sockets;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.LongPredicate;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where the old process waits for the new one: a unix socket of mode 0600 in a folder of its own of mode 0700, both
 * gone when it is closed. Connections of other users or processes are closed and said, and cost nothing else.
 */
public final class HandoffAddress implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HandoffAddress.class);

    /** The environment variable that tells the new process the socket's path. */
    public static final String VARIABLE = "BATON_HANDOFF";

    /** The environment variable that tells the new process who waits there, so that it knows of its death. */
    public static final String GIVER = "BATON_HANDOFF_PID";

    /** {@code sun_path} without its final NUL. */
    private static final int PATH_BYTES_MAX = 107;
    /** One is expected; a second does no harm. */
    private static final int BACKLOG = 4;
    /** How soon it is seen that there is no process left to wait for. */
    private static final int LOOK_MILLIS = 20;

    private final FdTable table;
    private final Posix posix;
    private final Path folder;
    private final Path path;
    private final Fd fd;

    private HandoffAddress(FdTable table, Posix posix, Path folder, Path path, Fd fd) {
        this.table = table;
        this.posix = posix;
        this.folder = folder;
        this.path = path;
        this.fd = fd;
    }

    /** Makes the folder and the socket in it. */
    public static HandoffAddress open(FdTable table, Posix posix) throws IOException {
        return open(table, posix, parents(System.getProperty("java.io.tmpdir"), System.getenv()));
    }

    static HandoffAddress open(FdTable table, Posix posix, List<Path> parents) throws IOException {
        Path folder = folder(parents);
        Path path = folder.resolve("handoff");
        boolean done = false;
        Fd fd = null;
        try {
            int number = posix.socket(Sockets.AF_UNIX, Sockets.SOCK_SEQPACKET, 0);
            check("create the handoff socket", number);
            fd = table.fdInsert(number, FdKind.HANDOFF);
            check("bind " + path, posix.bind(number, UnixDomainSocketAddress.of(path)));
            // Before the listen: until then no process can connect.
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
            check("listen on " + path, posix.listen(number, BACKLOG));
            done = true;
            return new HandoffAddress(table, posix, folder, path, fd);
        } finally {
            if (!done) {
                if (fd != null) {
                    table.fdDelete(fd);
                }
                Files.deleteIfExists(path);
                Files.deleteIfExists(folder);
            }
        }
    }

    /** Where its folder may be, the first choice first: a container often has only one place that can be written. */
    static List<Path> parents(String temporary, Map<String, String> environment) {
        List<String> names = new ArrayList<>(List.of(temporary));
        for (String variable : List.of("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR")) {
            // Of systemd, for a service, where there may be several; and for a user.
            names.addAll(List.of(environment.getOrDefault(variable, "").split(":", -1)));
        }
        names.addAll(List.of("/tmp", "/run", "/dev/shm", "/var/tmp"));
        return names.stream()
                .filter(name -> !name.isEmpty())
                .map(name -> Path.of(name).toAbsolutePath())
                .filter(path -> path.toString().getBytes(StandardCharsets.UTF_8).length
                                + "/baton-12345678901234567890/handoff".length()
                        <= PATH_BYTES_MAX)
                .distinct()
                .toList();
    }

    /**
     * Makes a folder of mode 0700 whose path is short enough for a unix socket in it with a name as short as that of
     * the handoff.
     */
    public static Path newFolder() throws IOException {
        return folder(parents(System.getProperty("java.io.tmpdir"), System.getenv()));
    }

    private static Path folder(List<Path> parents) throws IOException {
        for (Path parent : parents) {
            try {
                return Files.createTempDirectory(
                        parent,
                        "baton-",
                        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            } catch (IOException notThere) {
                LOG.debug("no folder in {} for the handoff", parent, notThere);
            }
        }
        throw new IOException("cannot make a folder for the handoff's socket: none of "
                + parents.stream().map(Path::toString).collect(Collectors.joining(", "))
                + " can be written (XDG_RUNTIME_DIR names another one)");
    }

    private static void check(String what, int result) throws IOException {
        if (result < 0) {
            throw PosixException.of(what, result);
        }
    }

    /** The socket's path, for {@link #VARIABLE}. */
    public Path path() {
        return path;
    }

    /**
     * Waits for the new process.
     *
     * @param expected whether a process of this pid is the one
     * @param waiting whether there is still a process to wait for
     * @throws HandoffException if there is none, or time is up
     */
    HandoffSocket accept(LongPredicate expected, BooleanSupplier waiting, Deadline deadline) throws IOException {
        try (NativeMemory memory = NativeMemory.allocate(PollFd.SIZE)) {
            while (!deadline.isOver()) {
                // In this order: one that connects and ends at once is seen.
                boolean alive = waiting.getAsBoolean();
                HandoffSocket.waitFor(
                        posix, memory, fd.number(), PollFd.POLLIN, Math.min(LOOK_MILLIS, deadline.leftMillis()));
                int number = posix.accept(fd.number());
                if (number >= 0) {
                    HandoffSocket socket = new HandoffSocket(table, posix, number);
                    if (isExpected(socket, expected)) {
                        return socket;
                    }
                    socket.close();
                } else if (isBroken(AcceptError.of(-number))) {
                    throw PosixException.of("accept the new process on " + path, number);
                } else if (!alive) {
                    throw new HandoffException("the new process has ended before it was ready");
                }
            }
        }
        throw deadline.missed("the new process has not read its configuration and connected");
    }

    private static boolean isBroken(AcceptError error) {
        return error != AcceptError.NOBODY_WAITS && error != AcceptError.ONE_CONNECTION;
    }

    private boolean isExpected(HandoffSocket socket, LongPredicate expected) throws IOException {
        Peer peer = Peer.of(posix, socket.number());
        if (peer.uid() != Identity.effectiveUser()) {
            LOG.warn("process {} of user {} tried to take this one's sockets over: refused", peer.pid(), peer.uid());
            return false;
        }
        if (!expected.test(peer.pid())) {
            LOG.warn("process {} tried to take this one's sockets over, which did not start it: refused", peer.pid());
            return false;
        }
        return true;
    }

    @Override
    public void close() {
        table.fdDelete(fd);
        try {
            Files.deleteIfExists(path);
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            LOG.warn("cannot remove {}", folder, e);
        }
    }
}
