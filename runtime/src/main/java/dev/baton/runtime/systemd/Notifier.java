package dev.baton.runtime.systemd;

import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.admin.SocketKeeper;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.posix.AbstractUnixAddress;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.PollFd;
import dev.baton.spi.posix.Sockets;
import dev.baton.spi.threading.OffLoop;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the service manager how the service is: the protocol of sd_notify(3), a datagram of {@code KEY=VALUE} lines to
 * the unix socket that {@code NOTIFY_SOCKET} names. Without one it does nothing.
 *
 * <p>Threading: any thread. A datagram never waits: one that does not fit any more is lost, and said.
 */
public final class Notifier {
    /** The variable that tells a server of {@code baton run --keep} the pid of its parent, which is its manager. */
    public static final String PARENT = "BATON_KEEPER";

    private static final Logger LOG = LoggerFactory.getLogger(Notifier.class);

    private static final String SOCKET = "NOTIFY_SOCKET";

    /** How long something may wait for room in the manager's queue, or for the manager. */
    private static final Duration DELIVERY_MAX = Duration.ofSeconds(5);
    /** Between two tries of what the kernel has no room for. */
    private static final int RETRY_MILLIS = 100;
    /** The name of the fd by which it is seen whether the manager keeps any. */
    private static final String PROBE = "baton-probe";

    private final FdTable table;
    private final Posix posix;
    private final @Nullable SocketAddress manager;
    private final @Nullable Fd fd;
    private final boolean isParent;
    /** The process that the manager listens to is another one by now. */
    private volatile boolean succeeded;
    /** The process before this one is the service still. */
    private volatile boolean following;

    private Notifier(FdTable table, Posix posix, @Nullable SocketAddress manager, @Nullable Fd fd, boolean isParent) {
        this.table = table;
        this.posix = posix;
        this.manager = manager;
        this.fd = fd;
        this.isParent = isParent;
    }

    /** The manager that an environment names, if it names one. */
    public static Notifier of(Map<String, String> environment, FdTable table, Posix posix) {
        String name = environment.get(SOCKET);
        if (name == null || name.isEmpty()) {
            return new Notifier(table, posix, null, null, false);
        }
        SocketAddress manager = name.startsWith("@")
                ? new AbstractUnixAddress(name.substring(1))
                : name.startsWith("/") ? UnixDomainSocketAddress.of(name) : null;
        int number = manager == null ? -Errno.EAFNOSUPPORT : posix.socket(Sockets.AF_UNIX, Sockets.SOCK_DGRAM, 0);
        if (number < 0) {
            LOG.warn("cannot use {} {}: {}", SOCKET, name, Errno.explain(-number));
            return new Notifier(table, posix, null, null, false);
        }
        boolean isParent = environment.containsKey(PARENT);
        return new Notifier(table, posix, manager, table.fdInsert(number, FdKind.HANDOFF), isParent);
    }

    /** True if somebody listens. */
    public boolean isActive() {
        return manager != null;
    }

    /**
     * Another process is the service until this one claims it: what this one says before that, of its own end for
     * example, would be taken for the service's by a manager that listens to all of its processes.
     */
    public void follow() {
        following = true;
    }

    /**
     * This process is the service, and whatever another one has claimed is over. Heard of a process that is not the
     * main one if the unit has {@code NotifyAccess=all}.
     */
    public void claim(String status) {
        following = false;
        send("MAINPID=" + ProcessHandle.current().pid() + "\nSTATUS=" + line(status));
    }

    /** As {@link #claim}, and the service serves. */
    public void claimServing(String status) {
        following = false;
        send("MAINPID=" + ProcessHandle.current().pid() + "\nREADY=1\nSTATUS=" + line(status));
    }

    /** The service serves; also the end of {@link #reloading}, however that went. */
    public void ready(String status) {
        send("READY=1\nSTATUS=" + line(status));
    }

    /** A new process is being started. */
    public void reloading(String status) {
        // The manager compares it with its own clock of the same name, to tell this reload from one before.
        send("RELOADING=1\nMONOTONIC_USEC=" + System.nanoTime() / 1000 + "\nSTATUS=" + line(status));
    }

    /** The service ends. Nothing if another process continues it. */
    public void stopping(String status) {
        send("STOPPING=1\nSTATUS=" + line(status));
    }

    /** What it does now, for a person. */
    public void status(String status) {
        send("STATUS=" + line(status));
    }

    /** Another process is the service from here on: it serves, and this one tells nothing more. */
    public void succeededBy(long pid, String status) {
        send("MAINPID=" + pid + "\nREADY=1\nSTATUS=" + line(status));
        succeeded = true;
    }

    /** The process that was the service is dead, and this one is it again. */
    public void succeedsAgain(String status) {
        succeeded = false;
        claimServing(status);
    }

    /** It lives. */
    void watchdog() {
        send("WATCHDOG=1");
    }

    /**
     * Has the manager take copies of fds, or hear something that must not be lost; waits while its queue is full.
     * Whatever process is the service: that is the caller's business.
     *
     * @param numbers stay open here
     * @return whether the manager's queue has it
     */
    @OffLoop
    boolean deliver(String text, int... numbers) {
        if (manager == null) {
            return false;
        }
        // One of its own: the manager may have another socket at its path since the last time.
        int number = posix.socket(Sockets.AF_UNIX, Sockets.SOCK_DGRAM, 0);
        if (number < 0) {
            return delivered(text, number);
        }
        Fd socket = table.fdInsert(number, FdKind.HANDOFF);
        try {
            int connected = posix.connect(number, manager);
            return delivered(text, connected < 0 ? connected : deliver(number, text, numbers));
        } finally {
            table.fdDelete(socket);
        }
    }

    private int deliver(int socket, String text, int... numbers) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        long end = System.nanoTime() + DELIVERY_MAX.toNanos();
        try (NativeMemory memory = NativeMemory.allocate(bytes.length);
                NativeMemory poll = NativeMemory.allocate(PollFd.SIZE)) {
            memory.putBytes(0, bytes);
            poll.putInt(PollFd.FD_OFFSET, socket);
            poll.putShort(PollFd.EVENTS_OFFSET, PollFd.POLLOUT);
            while (true) {
                int result = numbers.length == 0
                        ? posix.send(socket, memory.address(), bytes.length)
                        : posix.sendFds(socket, memory.address(), bytes.length, numbers);
                long left = (end - System.nanoTime()) / 1_000_000;
                boolean mayPass = result == -Errno.EAGAIN || result == -Errno.EINTR || result == -Errno.ETOOMANYREFS;
                if (!mayPass || left <= 0) {
                    return result;
                }
                posix.poll(poll.address(), result == -Errno.ETOOMANYREFS ? 0 : 1, (int) Math.min(left, RETRY_MILLIS));
            }
        }
    }

    private static boolean delivered(String text, int result) {
        if (result < 0) {
            LOG.warn("cannot tell the service manager {}: {}", text.replace('\n', ' '), Errno.explain(-result));
        }
        return result >= 0;
    }

    /**
     * Who keeps fds for this process. No environment says that of every systemd, and a manager of another kind may set
     * the same variables; so one is given an fd, and closes it if it keeps none.
     */
    @OffLoop
    Optional<SocketKeeper> keeper() {
        if (manager == null) {
            return Optional.empty();
        } else if (isParent) {
            return Optional.of(SocketKeeper.PARENT);
        }
        return keeps() ? Optional.of(SocketKeeper.SYSTEMD) : Optional.empty();
    }

    private boolean keeps() {
        int[] pair = new int[2];
        int result = posix.socketPair(Sockets.SOCK_STREAM, pair);
        if (result < 0) {
            LOG.warn("cannot see whether the service manager keeps sockets: {}", Errno.explain(-result));
            return false;
        }
        Fd mine = table.fdInsert(pair[0], FdKind.HANDOFF);
        Fd theirs = table.fdInsert(pair[1], FdKind.HANDOFF);
        try (NativeMemory poll = NativeMemory.allocate(PollFd.SIZE)) {
            boolean said = deliver("FDSTORE=1\nFDNAME=" + PROBE, pair[1]);
            table.fdDelete(theirs);
            if (!said || !awaitDone()) {
                return false;
            }
            poll.putInt(PollFd.FD_OFFSET, pair[0]);
            poll.putShort(PollFd.EVENTS_OFFSET, (short) 0); // it is told of a hang-up whatever it asks for
            boolean kept = posix.poll(poll.address(), 1, 0) == 0;
            if (kept) {
                deliver("FDSTOREREMOVE=1\nFDNAME=" + PROBE);
            }
            return kept;
        } finally {
            table.fdDelete(theirs);
            table.fdDelete(mine);
        }
    }

    /** Waits until the manager has done what it was told before; false if it does not. */
    @OffLoop
    boolean awaitDone() {
        int[] pair = new int[2];
        int result = posix.socketPair(Sockets.SOCK_STREAM, pair);
        if (result < 0) {
            LOG.warn("cannot wait for the service manager: {}", Errno.explain(-result));
            return false;
        }
        Fd mine = table.fdInsert(pair[0], FdKind.HANDOFF);
        Fd theirs = table.fdInsert(pair[1], FdKind.HANDOFF);
        try (NativeMemory poll = NativeMemory.allocate(PollFd.SIZE)) {
            boolean said = deliver("BARRIER=1", pair[1]);
            table.fdDelete(theirs);
            poll.putInt(PollFd.FD_OFFSET, pair[0]);
            poll.putShort(PollFd.EVENTS_OFFSET, PollFd.POLLIN);
            // It closes its copy when it has read what came before.
            if (said && posix.poll(poll.address(), 1, (int) DELIVERY_MAX.toMillis()) == 0) {
                LOG.warn("the service manager has not answered within {} s", DELIVERY_MAX.toSeconds());
                return false;
            }
            return said;
        } finally {
            table.fdDelete(theirs);
            table.fdDelete(mine);
        }
    }

    /** A line feed would begin another assignment. */
    private static String line(String text) {
        return text.replace('\n', ' ');
    }

    private void send(String text) {
        if (manager == null || fd == null || succeeded || following) {
            return;
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        try (NativeMemory memory = NativeMemory.allocate(bytes.length)) {
            memory.putBytes(0, bytes);
            int result = posix.sendTo(fd.number(), memory.address(), bytes.length, manager);
            if (result < 0) {
                LOG.warn(
                        "cannot tell the service manager {}: {}",
                        text.lines().findFirst().orElse(""),
                        Errno.explain(-result));
            }
        }
    }
}
