package dev.baton.testkit.sim;

import dev.baton.spi.posix.EpollEvent;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.Sockets;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/** A TCP or unix stream socket. */
final class StreamSocket extends OpenFile {
    private static final int INPUT = EpollEvent.EPOLLIN;
    private static final int HANG_UP = EpollEvent.EPOLLIN | EpollEvent.EPOLLRDHUP;
    private static final int BROKEN = HANG_UP | EpollEvent.EPOLLOUT | EpollEvent.EPOLLERR | EpollEvent.EPOLLHUP;

    private final SimPosix kernel;
    final int domain;
    final Map<Long, Integer> options = new HashMap<>();

    @Nullable
    SocketAddress local;

    @Nullable
    SocketAddress remote;

    State state = State.FRESH;
    /** Of a listening socket: what it accepts. */
    final Queue<StreamSocket> backlog = new ArrayDeque<>();
    /** Of a listening socket: connects that found the backlog full. */
    final Queue<StreamSocket> knocking = new ArrayDeque<>();

    int backlogMax;
    int lingerSeconds = -1;
    private @Nullable StreamSocket peer;
    private final ByteRing received;
    /** Open files that came with the stream, and behind which byte. */
    private final Queue<Passed> passed = new ArrayDeque<>();

    private long receivedBefore;
    private boolean inputEnded;
    private boolean inputShut;
    private boolean outputShut;
    private boolean starved;
    private int error;

    enum State {
        FRESH,
        LISTENING,
        CONNECTING,
        CONNECTED,
        BROKEN
    }

    private record Passed(long behind, List<OpenFile> files) {}

    StreamSocket(SimPosix kernel, int domain, int bufferSize) {
        super(kernel.simulation());
        this.kernel = kernel;
        this.domain = domain;
        this.received = new ByteRing(bufferSize);
    }

    static void connect(StreamSocket a, StreamSocket b) {
        a.peer = b;
        b.peer = a;
        a.state = State.CONNECTED;
        b.state = State.CONNECTED;
    }

    boolean isTcp() {
        return domain != Sockets.AF_UNIX;
    }

    /** Linux forgets whom a TCP connection is with as soon as both sides have ended, before it is closed. */
    boolean hasPeer() {
        return state == State.CONNECTED && !(isTcp() && inputEnded && outputShut);
    }

    @Override
    int events() {
        return switch (state) {
            case FRESH -> EpollEvent.EPOLLOUT | EpollEvent.EPOLLHUP;
            case LISTENING -> backlog.isEmpty() ? 0 : INPUT;
            case CONNECTING -> 0;
            case BROKEN -> BROKEN & ~(error == 0 ? EpollEvent.EPOLLERR : 0);
            case CONNECTED -> connectedEvents();
        };
    }

    private int connectedEvents() {
        int events = 0;
        if (!received.isEmpty() || inputEnded || inputShut) {
            events |= INPUT;
        }
        if (inputEnded || inputShut) {
            events |= EpollEvent.EPOLLRDHUP;
        }
        if ((inputEnded || inputShut) && outputShut) {
            events |= EpollEvent.EPOLLHUP;
        }
        if (outputShut || peer == null || peer.received.room() > 0) {
            events |= EpollEvent.EPOLLOUT;
        }
        return error == 0 ? events : events | EpollEvent.EPOLLERR;
    }

    // ---- connecting -----------------------------------------------------------------------------------------------

    /** Listening: takes a connection in, or lets it wait. */
    void knock(StreamSocket client) {
        client.state = State.CONNECTING;
        if (backlog.size() > backlogMax) {
            knocking.add(client);
        } else {
            admit(client);
        }
    }

    private void admit(StreamSocket client) {
        StreamSocket server = kernel.socketFor(this, client);
        connect(client, server);
        client.arisen(EpollEvent.EPOLLOUT);
        backlog.add(server);
        arisen(INPUT);
    }

    @Nullable
    StreamSocket accept() {
        StreamSocket accepted = backlog.poll();
        while (backlog.size() <= backlogMax && !knocking.isEmpty()) {
            StreamSocket next = knocking.remove();
            if (next.isOpen()) {
                admit(next);
            }
        }
        return accepted;
    }

    void refuse() {
        breakWith(Errno.ECONNREFUSED);
    }

    // ---- bytes ----------------------------------------------------------------------------------------------------

    int receive(byte[] target, int length, boolean peek) {
        if (state == State.FRESH || state == State.CONNECTING || state == State.LISTENING) {
            return -Errno.ENOTCONN;
        }
        int count = received.read(target, length, peek);
        if (count > 0) {
            if (!peek) {
                receivedBefore += count;
                StreamSocket sender = peer;
                if (sender != null && sender.starved) {
                    sender.starved = false;
                    sender.arisen(EpollEvent.EPOLLOUT);
                }
            }
            return count;
        }
        if (error != 0) {
            return -takeError();
        }
        return inputEnded || inputShut || state == State.BROKEN ? 0 : -Errno.EAGAIN;
    }

    /** How many of the next bytes may be received at once: fds end a message. */
    List<OpenFile> takePassed() {
        Passed next = passed.peek();
        if (next == null || next.behind() > receivedBefore) {
            return List.of();
        }
        passed.remove();
        return next.files();
    }

    int send(byte[] bytes, List<OpenFile> files) {
        if (error != 0) {
            return -takeError();
        }
        if (outputShut || state == State.BROKEN) {
            return -Errno.EPIPE;
        }
        if (state != State.CONNECTED) {
            return -Errno.ENOTCONN;
        }
        StreamSocket receiver = peer;
        if (receiver == null) {
            if (!isTcp()) {
                return -Errno.EPIPE;
            }
            // The peer is gone and answers with a reset.
            breakWith(Errno.ECONNRESET);
            return bytes.length;
        }
        if (!files.isEmpty()) {
            receiver.passed.add(new Passed(receiver.receivedBefore + receiver.received.size(), files));
        }
        int count = receiver.received.write(bytes);
        if (count < bytes.length) {
            starved = true;
        }
        if (count == 0 && bytes.length > 0) {
            return -Errno.EAGAIN;
        }
        receiver.arisen(INPUT);
        return count;
    }

    int takeError() {
        int taken = error;
        error = 0;
        return taken;
    }

    // ---- ends -----------------------------------------------------------------------------------------------------

    int shutdown(int how) {
        if (!hasPeer()) {
            return -Errno.ENOTCONN;
        }
        if (how != Sockets.SHUT_WR) {
            inputShut = true;
            arisen(HANG_UP);
        }
        if (how != Sockets.SHUT_RD && !outputShut) {
            outputShut = true;
            StreamSocket receiver = peer;
            if (receiver != null) {
                receiver.endOfInput();
            }
            arisen(connectedEvents());
        }
        return 0;
    }

    private void endOfInput() {
        inputEnded = true;
        arisen(outputShut ? HANG_UP | EpollEvent.EPOLLHUP : HANG_UP);
    }

    private void breakWith(int errno) {
        state = State.BROKEN;
        error = errno;
        inputEnded = true;
        peer = null;
        arisen(BROKEN);
    }

    @Override
    void ended() {
        kernel.unbound(this);
        for (Passed each : passed) {
            for (OpenFile file : each.files()) {
                file.release();
            }
        }
        for (StreamSocket each : backlog) {
            each.received.write(new byte[1]); // never read: its peer is reset
            each.release();
        }
        knocking.forEach(StreamSocket::refuse);
        StreamSocket other = peer;
        peer = null;
        if (other == null) {
            return;
        }
        other.peer = null;
        if (isTcp() && (!received.isEmpty() || lingerSeconds == 0)) {
            other.breakWith(Errno.ECONNRESET);
        } else {
            other.endOfInput();
        }
    }

    /** For a person. */
    @Override
    public String toString() {
        return state + " " + local + " <- " + remote;
    }
}
