package dev.baton.runtime.posix;

import com.kenai.jffi.MemoryIO;
import dev.baton.spi.threading.OffLoop;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The system calls of the parent of {@code baton run --keep}, which holds the sockets of a process that serves. That
 * process has no loops and no fd table, and is to need next to no memory: nothing of Netty, of jnr-posix or of the log
 * may be loaded for it, hence neither {@link Posix} nor {@link dev.baton.spi.posix.NativeMemory} is used here.
 *
 * <p>For one thread, but for {@link #wake}. Numbers are the caller's, who closes each exactly once.
 */
public final class ParentCalls {
    /** The first number that is no standard stream, where passed sockets begin. */
    public static final int FIRST = 3;

    private static final int AF_UNIX = 1;
    private static final int DATAGRAM = 2 | 0x80000 | 0x800; // SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK
    private static final int SOL_SOCKET = 1;
    private static final int SO_PASSCRED = 16;
    private static final int SO_ACCEPTCONN = 30;
    private static final int EVENTFD_FLAGS = 0x80000 | 0x800; // EFD_CLOEXEC | EFD_NONBLOCK
    private static final int MSG_TRUNC = 0x20;
    private static final int MSG_CTRUNC = 0x8;
    private static final int MSG_CMSG_CLOEXEC = 0x40000000;
    private static final int SCM_RIGHTS = 1;
    private static final int SCM_CREDENTIALS = 2;
    private static final int HEADER_BYTES = 16;
    private static final short POLLIN = 1;
    private static final short POLLOUT = 4;
    private static final int F_SETFD = 2;
    private static final int FD_CLOEXEC = 1;
    private static final int PR_SET_CHILD_SUBREAPER = 36;
    private static final int WNOHANG = 1;
    private static final int SPAWN_SETPGROUP = 2;
    private static final int SPAWN_SETSIGMASK = 8;
    private static final int SIGSET_BYTES = 128;
    /** Of the C library's types for a spawn: 80 and 336 in glibc. */
    private static final int OPAQUE_BYTES = 1024;

    /** Of a message; a longer one is none of a process of Baton's. */
    private static final int TEXT_BYTES_MAX = 4096;
    /** Credentials, and the most fds of one message. */
    private static final int CONTROL_BYTES = 32 + ControlMessages.SPACE_MAX;

    private static final int IOVEC = 56;
    private static final int TEXT = IOVEC + 16;
    private static final int CONTROL = TEXT + TEXT_BYTES_MAX;
    private static final int VALUE = CONTROL + CONTROL_BYTES;
    private static final int POLL = VALUE + 16;
    private static final int BYTES = POLL + 16;

    private static final MemoryIO MEMORY = MemoryIO.getInstance();

    /** {@code struct msghdr} first; never freed, the process ends with it. */
    private final long block = MEMORY.allocateMemory(BYTES, true);

    /** One message, as the kernel tells it. */
    public static final class Datagram {
        private final boolean whole;
        private final int sender;
        private final String text;
        private final int[] fds;

        Datagram(boolean whole, int sender, String text, int[] fds) {
            this.whole = whole;
            this.sender = sender;
            this.text = text;
            this.fds = fds;
        }

        /** False if some of the text was cut, or an fd was lost. */
        public boolean whole() {
            return whole;
        }

        /** The pid of the process that sent it; 0 if it is none of this namespace. */
        public int sender() {
            return sender;
        }

        /** What it says. */
        public String text() {
            return text;
        }

        /** What came with it; the receiver's, to be closed. */
        public int[] fds() {
            return fds.clone();
        }
    }

    /**
     * A child that has ended.
     *
     * @param pid the child
     * @param code its exit code; 128 and the number of the signal if one has ended it
     * @param signal the number of the signal that has ended it, or 0
     */
    public record Ended(int pid, int code, int signal) {}

    /** Has the orphans of all descendants become children of this process. */
    public void adoptOrphans() {
        LibC.Processes.prctl(PR_SET_CHILD_SUBREAPER, 1);
    }

    /**
     * A socket that receives messages, and who sent each.
     *
     * @param name in the abstract namespace, so that a child that has changed its user reaches it; everybody can
     * @throws IOException if there can be none
     */
    public int receiver(String name) throws IOException {
        int number = checked("socket", LibC.socket(AF_UNIX, DATAGRAM, 0));
        MEMORY.putInt(block + VALUE, 1);
        checked("setsockopt", LibC.setsockopt(number, SOL_SOCKET, SO_PASSCRED, block + VALUE, Integer.BYTES));
        byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
        MEMORY.putShort(block + TEXT, (short) AF_UNIX);
        MEMORY.putByte(block + TEXT + 2, (byte) 0);
        MEMORY.putByteArray(block + TEXT + 3, bytes, 0, bytes.length);
        checked("bind", LibC.bind(number, block + TEXT, 3 + bytes.length));
        return number;
    }

    /** An fd that becomes readable by {@link #wake}. */
    public int alarm() throws IOException {
        return checked("eventfd", LibC.eventfd(0, EVENTFD_FLAGS));
    }

    /** Makes an alarm readable. Any thread. */
    public void wake(int alarm) {
        long one = MEMORY.allocateMemory(Long.BYTES, true);
        MEMORY.putLong(one, 1);
        LibC.write(alarm, one, Long.BYTES);
        MEMORY.freeMemory(one);
    }

    /** Makes it unreadable. */
    public void clear(int alarm) {
        LibC.read(alarm, block + VALUE, Long.BYTES);
    }

    private static int checked(String call, int result) throws IOException {
        if (result < 0) {
            throw new IOException(call + ": error " + LibC.lastError());
        }
        return result;
    }

    /** Waits until one of two fds is readable, or so long; -1 is for ever. */
    @OffLoop
    public void await(int first, int second, int millis) {
        putPoll(0, first, POLLIN);
        putPoll(1, second, POLLIN);
        LibC.poll(block + POLL, 2, millis);
    }

    /** True if something as short as a line can be written without waiting for a reader. */
    public boolean takesLine(int fd) {
        putPoll(0, fd, POLLOUT);
        return LibC.poll(block + POLL, 1, 0) == 1 && (MEMORY.getShort(block + POLL + 6) & POLLOUT) != 0;
    }

    private void putPoll(int index, int fd, short events) {
        MEMORY.putInt(block + POLL + 8L * index, fd);
        MEMORY.putShort(block + POLL + 8L * index + 4, events);
        MEMORY.putShort(block + POLL + 8L * index + 6, (short) 0);
    }

    /** The next message; null if there is none. */
    public @Nullable Datagram receive(int receiver) {
        for (int at = 0; at < IOVEC; at += Long.BYTES) {
            MEMORY.putLong(block + at, 0);
        }
        MEMORY.putLong(block + IOVEC, block + TEXT);
        MEMORY.putLong(block + IOVEC + 8, TEXT_BYTES_MAX);
        MEMORY.putLong(block + 16, block + IOVEC);
        MEMORY.putLong(block + 24, 1);
        MEMORY.putLong(block + 32, block + CONTROL);
        MEMORY.putLong(block + 40, CONTROL_BYTES);
        int length = (int) LibC.recvmsg(receiver, block, MSG_CMSG_CLOEXEC);
        if (length < 0) {
            return null;
        }
        byte[] text = new byte[length];
        MEMORY.getByteArray(block + TEXT, text, 0, length);
        boolean whole = (MEMORY.getInt(block + 48) & (MSG_TRUNC | MSG_CTRUNC)) == 0;
        int[] fds = {};
        int sender = 0;
        long size = MEMORY.getLong(block + 40);
        for (long at = 0; at + HEADER_BYTES <= size; ) {
            long message = block + CONTROL + at;
            long part = MEMORY.getLong(message);
            if (part < HEADER_BYTES || part > size - at) {
                break;
            }
            int type = MEMORY.getInt(message + 8) == SOL_SOCKET ? MEMORY.getInt(message + 12) : 0;
            if (type == SCM_CREDENTIALS) {
                sender = MEMORY.getInt(message + HEADER_BYTES);
            } else if (type == SCM_RIGHTS) {
                int known = fds.length;
                fds = Arrays.copyOf(fds, known + (int) (part - HEADER_BYTES) / Integer.BYTES);
                for (int i = known; i < fds.length; i++) {
                    fds[i] = MEMORY.getInt(message + HEADER_BYTES + (long) (i - known) * Integer.BYTES);
                }
            }
            at += (part + 7) & ~7L;
        }
        return new Datagram(whole, sender, new String(text, StandardCharsets.UTF_8), fds);
    }

    /** True if it is a socket that listens for connections. */
    public boolean listens(int fd) {
        MEMORY.putInt(block + VALUE, 0);
        MEMORY.putInt(block + VALUE + 8, Integer.BYTES);
        int result = LibC.getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, block + VALUE, block + VALUE + 8);
        return result == 0 && MEMORY.getInt(block + VALUE) == 1;
    }

    /** What the kernel calls the open file, whatever its numbers, such as {@code socket:[4711]}. */
    public String file(int fd) throws IOException {
        return Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd)).toString();
    }

    /** Closes a number. */
    public void close(int fd) {
        LibC.close(fd);
    }

    /** A child does not inherit it, other than by {@link #spawn}. */
    public void closeOnExec(int fd) {
        LibC.Processes.fcntl(fd, F_SETFD, FD_CLOEXEC);
    }

    /** Sends a signal, which may come too late. */
    public void kill(int pid, int signal) {
        LibC.Processes.kill(pid, signal);
    }

    /** Takes the end of any child; null if none has ended. Waits for nothing. */
    public @Nullable Ended reap() {
        int pid = LibC.Processes.waitpid(-1, block + VALUE, WNOHANG);
        if (pid <= 0) {
            return null;
        }
        int status = MEMORY.getInt(block + VALUE);
        int signal = status & 0x7f;
        return new Ended(pid, signal == 0 ? status >> 8 & 0xff : 128 + signal, signal);
    }

    /**
     * Starts a program with the environment of this process, in a process group of its own, so that what a terminal
     * sends comes here alone. It inherits the standard output and error, and sockets.
     *
     * @param command the program's path and its arguments
     * @param sockets what its fds from {@link #FIRST} on are
     * @return its pid
     * @throws IOException if it cannot be started
     */
    @OffLoop
    public int spawn(List<byte[]> command, int[] sockets) throws IOException {
        long actions = MEMORY.allocateMemory(OPAQUE_BYTES, true);
        long attributes = MEMORY.allocateMemory(OPAQUE_BYTES, true);
        long mask = MEMORY.allocateMemory(SIGSET_BYTES, true); // the JVM blocks some in its threads
        long none = text("/dev/null".getBytes(StandardCharsets.US_ASCII));
        long arguments = MEMORY.allocateMemory((command.size() + 1L) * Long.BYTES, true);
        for (int i = 0; i < command.size(); i++) {
            MEMORY.putLong(arguments + (long) i * Long.BYTES, text(command.get(i)));
        }
        LibC.Spawning.actionsInit(actions);
        LibC.Spawning.attributesInit(attributes);
        try {
            LibC.Spawning.attributesSet(attributes, SPAWN_SETPGROUP | SPAWN_SETSIGMASK, 0, mask);
            LibC.Spawning.actionsOpen(actions, 0, none, 0);
            // First all out of the way of where they are to be.
            int free = FIRST + sockets.length;
            for (int socket : sockets) {
                free = Math.max(free, socket + 1);
            }
            for (int i = 0; i < sockets.length; i++) {
                LibC.Spawning.actionsDup2(actions, sockets[i], free + i);
            }
            for (int i = 0; i < sockets.length; i++) {
                LibC.Spawning.actionsDup2(actions, free + i, FIRST + i);
                LibC.Spawning.actionsClose(actions, free + i);
            }
            int error = LibC.Spawning.spawn(
                    block + VALUE,
                    MEMORY.getAddress(arguments),
                    new LibC.Spawning.Plan(actions, attributes),
                    arguments,
                    MEMORY.getAddress(LibC.Spawning.environ()));
            if (error != 0) {
                throw new IOException("posix_spawn: error " + error);
            }
            return MEMORY.getInt(block + VALUE);
        } finally {
            LibC.Spawning.actionsDestroy(actions);
            LibC.Spawning.attributesDestroy(attributes);
            for (int i = 0; i < command.size(); i++) {
                MEMORY.freeMemory(MEMORY.getAddress(arguments + (long) i * Long.BYTES));
            }
            List.of(actions, attributes, mask, none, arguments).forEach(MEMORY::freeMemory);
        }
    }

    private static long text(byte[] bytes) {
        long address = MEMORY.allocateMemory(bytes.length + 1L, true);
        MEMORY.putByteArray(address, bytes, 0, bytes.length);
        return address;
    }

    /** Gives the kernel back what the C library keeps of freed memory, where it can. */
    public void releaseMemory() {
        LibC.Processes.mallocTrim();
    }
}
