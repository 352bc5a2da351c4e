package dev.baton.runtime.upgrade;

import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.posix.PassedFds;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.PollFd;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.posix.Sockets;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * One end of a handoff: packets of {@link Message}, each within a deadline.
 *
 * <p>Threading: one thread, which may block, receives and closes; any thread may send.
 */
final class HandoffSocket implements AutoCloseable {
    /** Waiting for the kernel to have room for more fds in flight (ETOOMANYREFS) has no event to wait for. */
    private static final int ROOM_MILLIS = 5;

    private final FdTable table;
    /** SIGURG: ignored by default, should anybody ever ask for such signals. */
    private static final int TAKEN_BACK = 23;

    private final Posix posix;
    private final Fd fd;
    private final NativeMemory incoming = NativeMemory.allocate(Message.BYTES_MAX);
    private final NativeMemory poll = NativeMemory.allocate(PollFd.SIZE);
    private final PassedFds passed = new PassedFds();
    private final Object sending = new Object();
    /** Guarded by {@link #sending}, as are the two after it. */
    private final NativeMemory outgoing = NativeMemory.allocate(Message.BYTES_MAX);

    private final NativeMemory sendPoll = NativeMemory.allocate(PollFd.SIZE);
    private boolean closed;

    /** Takes a connected socket, non-blocking, which is in no table yet. */
    HandoffSocket(FdTable table, Posix posix, int number) {
        this.table = table;
        this.posix = posix;
        this.fd = table.fdInsert(number, FdKind.HANDOFF);
    }

    int number() {
        return fd.number();
    }

    /**
     * Sends a packet. Its fds stay open here.
     *
     * @throws HandoffException if the other side is gone or takes nothing in time, or this end is closed
     */
    void send(Message.Writer message, Deadline deadline) throws IOException {
        synchronized (sending) {
            if (closed) {
                throw new HandoffException("the handoff has ended");
            }
            sendNow(message.packet(), message.fds(), deadline);
        }
    }

    private void sendNow(byte[] packet, int[] fds, Deadline deadline) throws IOException {
        outgoing.putBytes(0, packet);
        while (true) {
            int result = fds.length == 0
                    ? posix.send(fd.number(), outgoing.address(), packet.length)
                    : posix.sendFds(fd.number(), outgoing.address(), packet.length, fds);
            if (result >= 0) {
                return;
            }
            switch (-result) {
                case Errno.EINTR -> {}
                case Errno.EAGAIN -> {
                    if (!await(sendPoll, PollFd.POLLOUT, deadline)) {
                        throw deadline.missed("the other process has taken nothing");
                    }
                }
                // Those in flight of all processes of the user: the receiver takes some, then there is room.
                case Errno.ETOOMANYREFS -> {
                    if (deadline.isOver()) {
                        throw PosixException.of("pass fds to the other process", result);
                    }
                    posix.poll(sendPoll.address(), 0, ROOM_MILLIS);
                }
                case Errno.EPIPE, Errno.ECONNRESET -> throw new HandoffException("the other process is gone");
                default -> throw PosixException.of("send to the other process", result);
            }
        }
    }

    /**
     * Receives a packet; what fds it has are the caller's.
     *
     * @return null if the other side has closed
     * @throws HandoffException if it is not well-formed (its fds are closed then), or none came in time
     */
    @Nullable
    Message receive(Deadline deadline) throws IOException {
        while (await(poll, PollFd.POLLIN, deadline)) {
            int result = posix.recvFds(fd.number(), incoming.address(), Message.BYTES_MAX, passed);
            // ECONNRESET: the other side has closed without reading all. It is told once, before what is still queued.
            if (result == -Errno.EAGAIN || result == -Errno.EINTR || result == -Errno.ECONNRESET) {
                continue;
            }
            if (result == 0) {
                discard(passed.fds());
                return null;
            }
            if (result < 0) {
                throw PosixException.of("receive from the other process", result);
            }
            byte[] packet = new byte[result];
            incoming.getBytes(0, packet);
            boolean whole = false;
            try {
                Message message = Message.read(packet, passed);
                whole = true;
                return message;
            } finally {
                if (!whole) {
                    discard(passed.fds());
                }
            }
        }
        throw deadline.missed("the other process has said nothing");
    }

    /**
     * The other side can send nothing from now on: what it has sent can still be received, and then comes the end. The
     * kernel decides on which side of this each packet is.
     */
    void stopReceiving() {
        posix.shutdown(fd.number(), Sockets.SHUT_RD);
    }

    /**
     * Marks an open file that was sent, for the process that it was sent to: the sender has taken it back, and uses it.
     * A message could not say so to a process that does not read, and the sender may be dead when it reads again.
     */
    void markTakenBack(int number) {
        posix.setInputSignal(number, TAKEN_BACK);
    }

    /** Takes the mark of an earlier time away. */
    void unmark(int number) {
        if (isTakenBack(number)) {
            posix.setInputSignal(number, 0);
        }
    }

    /** Whether the process that has sent an open file has taken it back. */
    boolean isTakenBack(int number) {
        return posix.inputSignal(number) == TAKEN_BACK;
    }

    /** True if the other side has closed, by its end or by itself; false if it only receives no more. */
    boolean isHungUp() {
        return (reportedNow() & PollFd.POLLHUP) != 0;
    }

    private short reportedNow() {
        poll.putInt(PollFd.FD_OFFSET, fd.number());
        poll.putShort(PollFd.EVENTS_OFFSET, (short) 0);
        poll.putShort(PollFd.REVENTS_OFFSET, (short) 0);
        return posix.poll(poll.address(), 1, 0) > 0 ? poll.getShort(PollFd.REVENTS_OFFSET) : 0;
    }

    /** Waits until a packet, or the end of the other side, is there to be received; false if none comes in time. */
    boolean awaitPacket(Deadline deadline) throws IOException {
        return await(poll, PollFd.POLLIN, deadline);
    }

    /** Receives a packet of one type. */
    @Nullable
    Message receive(Message.Type wanted, Deadline deadline) throws IOException {
        Message message = receive(deadline);
        if (message == null) {
            return null;
        }
        if (message.type() != wanted) {
            discard(message.fds());
            throw message.type() == Message.Type.REFUSED
                    ? new HandoffException("the other process refuses: " + message.text())
                    : new HandoffException("the other process said " + message.type() + " in place of " + wanted);
        }
        return message;
    }

    /** Closes fds that are not taken: through the table, like every close. */
    void discard(int... numbers) {
        for (int number : numbers) {
            table.fdDelete(table.fdInsert(number, FdKind.HANDOFF));
        }
    }

    /** False when time is up. */
    private boolean await(NativeMemory memory, short event, Deadline deadline) throws IOException {
        while (true) {
            int left = deadline.leftMillis();
            int result = waitFor(posix, memory, fd.number(), event, left);
            if (result > 0) {
                return true;
            } else if (result < 0 && result != -Errno.EINTR) {
                throw PosixException.of("wait for the other process", result);
            } else if (left == 0) {
                return false;
            }
        }
    }

    static int waitFor(Posix posix, NativeMemory memory, int number, short event, int millis) {
        memory.putInt(PollFd.FD_OFFSET, number);
        memory.putShort(PollFd.EVENTS_OFFSET, event);
        memory.putShort(PollFd.REVENTS_OFFSET, (short) 0);
        return posix.poll(memory.address(), 1, millis);
    }

    @Override
    public void close() {
        synchronized (sending) {
            if (closed) {
                return;
            }
            closed = true;
            table.fdDelete(fd);
            outgoing.close();
            sendPoll.close();
        }
        incoming.close();
        poll.close();
    }
}
