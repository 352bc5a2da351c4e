package dev.baton.runtime.upgrade;

import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.pack.Parcel;
import dev.baton.runtime.posix.Identity;
import dev.baton.runtime.posix.Posix;
import dev.baton.runtime.upstream.IdleConnection;
import dev.baton.runtime.upstream.ServerChange;
import dev.baton.runtime.upstream.ServerDown;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.posix.Sockets;
import dev.baton.spi.upstream.ServerState;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The new process's part of a handoff; the package's table tells the steps. For one thread that may block, but for
 * {@link #dropped}.
 */
public final class Receiver implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Receiver.class);

    /**
     * The old one answers at once, unless its machine is overloaded; it ends this one itself if it has lost patience.
     */
    private static final Duration STEP_MAX = Duration.ofSeconds(60);
    /** Between the close of a process's fds and its end there is an instant, in which it frees its memory. */
    private static final Duration DYING_MAX = Duration.ofSeconds(5);

    private static final long LOOK_NANOS = 1_000_000;
    /** Far more listening sockets than any process has; bounds what a hostile giver can make this process hold. */
    static final int SOCKETS_MAX = 65_536;
    /** The same for servers of upstreams that were changed at run time or are down. */
    static final int CHANGES_MAX = 65_536;

    private final HandoffSocket socket;
    private final Peer giver;
    private final Duration dyingMax;
    private volatile boolean alone;

    Receiver(HandoffSocket socket, Peer giver, Duration dyingMax) {
        this.socket = socket;
        this.giver = giver;
        this.dyingMax = dyingMax;
    }

    /** How the old process came out of a step. */
    public enum Outcome {
        /** It did its part. */
        DONE,
        /** It is dead: this one has all that it will get, and is alone. */
        ALONE
    }

    /** True if the old process was found dead: nothing of it is left but what it has sent. */
    public boolean isAlone() {
        return alone;
    }

    /** Step 3, to the process that has started this one. */
    public static Receiver connect(Path path, FdTable table, Posix posix) throws IOException {
        long self = ProcessHandle.current().pid();
        return connect(path, table, posix, pid -> Peer.descends(self, pid), DYING_MAX);
    }

    /**
     * Step 3.
     *
     * @param expected whether a process of this pid may be the giver
     * @param dyingMax how long a giver that has closed may take to be gone
     */
    static Receiver connect(Path path, FdTable table, Posix posix, LongPredicate expected, Duration dyingMax)
            throws IOException {
        int number = posix.socket(Sockets.AF_UNIX, Sockets.SOCK_SEQPACKET, 0);
        if (number < 0) {
            throw PosixException.of("create a socket for the handoff", number);
        }
        HandoffSocket socket = new HandoffSocket(table, posix, number);
        boolean done = false;
        try {
            int result = posix.connect(number, UnixDomainSocketAddress.of(path));
            if (result == -Errno.ECONNREFUSED || result == -Errno.ENOENT) {
                throw new HandoffException("the old process no longer waits at " + path);
            } else if (result < 0) {
                throw PosixException.of("connect to the old process at " + path, result);
            }
            Peer giver = Peer.of(posix, number);
            if (giver.uid() != Identity.effectiveUser() || !expected.test(giver.pid())) {
                throw new HandoffException("process " + giver.pid() + " of user " + giver.uid() + " waits at " + path
                        + ", which has not started this one: nothing is taken from it");
            }
            // It knows UPSTREAM, DOWN, and PARCEL.
            socket.send(
                    new Message.Writer(Message.Type.HELLO).flag(true).flag(true).flag(true), Deadline.in(STEP_MAX));
            done = true;
            return new Receiver(socket, giver, dyingMax);
        } finally {
            if (!done) {
                socket.close();
            }
        }
    }

    /**
     * Step 4. If the old process dies on the way, what has come so far is all that there is.
     *
     * @throws IOException if the old process only gave up, or sends what it must not; everything it sent is closed then
     */
    public ReceivedSockets receiveSockets() throws IOException {
        ReceivedSockets received = new ReceivedSockets(socket::discard);
        boolean done = false;
        try {
            Deadline deadline = Deadline.in(STEP_MAX);
            Message hello = socket.receive(Message.Type.HELLO, deadline);
            if (hello == null) {
                died();
            } else {
                bare(hello);
                receiveSockets(received, deadline);
            }
            done = true;
            return received;
        } finally {
            if (!done) {
                received.closeRest();
            }
        }
    }

    private void receiveSockets(ReceivedSockets received, Deadline deadline) throws IOException {
        while (true) {
            Message message = socket.receive(deadline);
            if (message == null) {
                died();
                return;
            }
            boolean taken = false;
            try {
                switch (message.type()) {
                    case LISTENER -> {
                        mustHave(message, 1, Message.FDS_MAX);
                        received.add(listener(message));
                        taken = true;
                    }
                    case SERVER -> {
                        mustHave(message, 1, 1);
                        received.add(new HandedServer(HandedServer.parse(message.text()), message.fds()[0]));
                        taken = true;
                    }
                    case UPSTREAM -> {
                        mustHave(message, 0, 0);
                        received.add(change(message));
                    }
                    case DOWN -> {
                        mustHave(message, 0, 0);
                        received.add(new ServerDown(message.text(), message.text(), message.number(), message.text()));
                    }
                    case SOCKETS_END -> {
                        mustHave(message, 0, 0);
                        long said = message.number();
                        if (said != received.size()) {
                            throw new HandoffException("the other process says that it sent " + said + " sockets, "
                                    + received.size() + " came");
                        }
                        received.ended(message.texts());
                        received.ticketKeys(message.hasMore() ? message.text() : "");
                        return;
                    }
                    case REFUSED -> throw new HandoffException("the other process refuses: " + message.text());
                    default ->
                        throw new HandoffException("the other process said " + message.type() + " among its sockets");
                }
                if (received.changeCount() > CHANGES_MAX) {
                    throw new HandoffException("the other process sends more than " + CHANGES_MAX
                            + " changed servers or servers that are down");
                }
                if (received.size() > SOCKETS_MAX) {
                    throw new HandoffException("the other process sends more than " + SOCKETS_MAX + " sockets");
                }
            } finally {
                if (!taken) {
                    socket.discard(message.fds());
                }
            }
        }
    }

    private static HandedListener listener(Message message) throws HandoffException {
        String name = message.text();
        String bind = message.text();
        String address = message.text();
        boolean suspended = message.hasMore() && message.flag();
        String text = message.hasMore() ? message.writing() : "";
        return new HandedListener(name, bind, address, suspended, text, message.fds());
    }

    private static ServerChange change(Message message) throws HandoffException {
        String upstream = message.text();
        String server = message.text();
        String state = message.text();
        long weight = message.number();
        long configured = message.flag() ? message.number() : -1;
        for (ServerState each : ServerState.values()) {
            if (each.name().equals(state)) {
                return new ServerChange(upstream, server, each, (int) Math.min(weight, Integer.MAX_VALUE), (int)
                        Math.min(configured, Integer.MAX_VALUE));
            }
        }
        throw new HandoffException("there is no state \"" + state + "\" of a server");
    }

    private void bare(Message message) throws HandoffException {
        int[] fds = message.fds();
        socket.discard(fds);
        mustHave(message, 0, 0);
    }

    /** The receiver closes its fds. */
    private static void mustHave(Message message, int least, int most) throws HandoffException {
        int fds = message.fds().length;
        if (fds < least || fds > most) {
            throw new HandoffException(message.type() + " came with " + fds + " fds");
        }
    }

    /** The socket is closed. Fine if the old process is dead; if it lives, it no longer wants this one. */
    private void died() throws HandoffException {
        Deadline deadline = Deadline.in(dyingMax);
        while (giver.isAlive()) {
            if (deadline.isOver()) {
                throw new HandoffException("process " + giver.pid() + " has given up the handoff");
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
        alone = true;
        LOG.warn("process {} died while it handed over; this one continues with what it has", giver.pid());
    }

    /**
     * Step 5, and waits for step 6.
     *
     * @param notes what became of what was changed there at run time, for a person
     * @param streams is given the old process's standard output and error, open during the call
     * @throws IOException if the old process only gave up
     */
    public Outcome ready(List<String> notes, Streams streams) throws IOException {
        Deadline deadline = Deadline.in(STEP_MAX);
        try {
            socket.send(new Message.Writer(Message.Type.READY).texts(notes).flag(true), deadline);
        } catch (HandoffException gone) {
            died();
            return Outcome.ALONE;
        }
        Message go = socket.receive(Message.Type.GO, deadline);
        if (go == null) {
            died();
            return Outcome.ALONE;
        }
        int[] fds = go.fds();
        try {
            mustHave(go, 2, 2);
            streams.use(fds[0], fds[1]);
        } finally {
            socket.discard(fds);
        }
        return Outcome.DONE;
    }

    /** The old process's standard streams. */
    @FunctionalInterface
    public interface Streams {
        /** Uses them; the caller closes them afterwards. */
        void use(int output, int error) throws IOException;
    }

    /** The old process accepts no more. */
    @FunctionalInterface
    public interface Released {
        /** Names of listeners that an operator suspended or resumed there while it handed over. */
        void by(List<String> suspended, List<String> resumed);
    }

    /** Step 7. */
    public Outcome serving() throws IOException {
        try {
            socket.send(new Message.Writer(Message.Type.SERVING), Deadline.in(STEP_MAX));
            return Outcome.DONE;
        } catch (HandoffException gone) {
            return Outcome.ALONE;
        }
    }

    /**
     * Steps 8 to 10, for as long as the old process drains. Whatever ends it, this process serves by now.
     *
     * @param limit how long at most
     * @param released step 8, or the old process is dead; is given the listeners that were suspended and resumed there
     *     after step 4
     * @param idle takes each connection, whose number is its own from there on
     * @param arrivals takes live connections
     */
    public void follow(Duration limit, Released released, Consumer<IdleConnection> idle, Arrivals arrivals)
            throws IOException {
        Deadline deadline = Deadline.in(limit);
        boolean told = false;
        LiveConnections live = new LiveConnections(arrivals);
        try {
            while (true) {
                Message message = socket.receive(deadline);
                if (message == null || message.type() == Message.Type.END) {
                    discard(message);
                    live.end(message != null);
                    return;
                }
                if (message.type() == Message.Type.RELEASED && !told) {
                    discard(message);
                    List<String> suspended = message.texts();
                    List<String> resumed = message.texts();
                    told = true;
                    released.by(suspended, resumed);
                } else if (message.type() == Message.Type.IDLE) {
                    idle(message).forEach(idle);
                } else if (message.type() == Message.Type.PART) {
                    live.part(message);
                } else if (message.type() == Message.Type.PARCEL) {
                    live.parcel(message);
                } else {
                    discard(message);
                    throw new HandoffException("the other process said " + message.type() + " while it drains");
                }
            }
        } finally {
            live.end(true);
            if (!told) {
                released.by(List.of(), List.of());
            }
        }
    }

    /**
     * After step 7: this process lets go of sockets, or is about to, and the other must not keep them open. Any thread,
     * never waits; not told to a process that takes nothing, which closes them when it has drained.
     *
     * @param listeners by the names of step 4
     * @param servers by the addresses of step 4
     */
    public void dropped(Collection<String> listeners, Collection<SocketAddress> servers) {
        List<String> names = List.copyOf(listeners);
        List<String> addresses = servers.stream().map(HandedServer::text).toList();
        int most = Math.max(names.size(), addresses.size());
        try {
            for (int from = 0; from < most; from += Message.TEXTS_MAX) {
                socket.send(
                        new Message.Writer(Message.Type.DROPPED)
                                .texts(part(names, from))
                                .texts(part(addresses, from)),
                        Deadline.in(Duration.ZERO));
            }
        } catch (IOException gone) {
            LOG.debug("cannot tell process {} that sockets were closed", giver.pid(), gone);
        }
    }

    private static List<String> part(List<String> all, int from) {
        return all.subList(Math.min(from, all.size()), Math.min(from + Message.TEXTS_MAX, all.size()));
    }

    private void discard(@Nullable Message message) {
        if (message != null) {
            socket.discard(message.fds());
        }
    }

    /** Takes live connections of the old process. */
    public interface Arrivals {
        /**
         * Whether one can go on here.
         *
         * @return null if it can, {@link #take} or {@link #leave} follows then; else why not, for a person
         */
        @Nullable
        String admit(Parcel parcel);

        /** It is this process's: its sockets are the callee's. */
        void take(Parcel parcel);

        /** It stays with the old process after all. */
        void leave(Parcel parcel);
    }

    /** Live connections as they come: put together, and decided about. */
    private final class LiveConnections {
        private final Arrivals arrivals;
        private final ByteArrayOutputStream parts = new ByteArrayOutputStream();
        private long partsOf = -1;
        /** Admitted when the other side had closed already: whose they are is known when all it has sent is read. */
        private final List<Parcel> undecided = new ArrayList<>();

        LiveConnections(Arrivals arrivals) {
            this.arrivals = arrivals;
        }

        void part(Message message) throws HandoffException {
            bare(message);
            of(message.number());
            parts.writeBytes(message.rest());
            if (parts.size() > ParcelForm.BYTES_MAX) {
                throw new HandoffException(
                        "the other process sends a connection of more than " + parts.size() + " bytes");
            }
        }

        /** Parts of one that never came whole are not the next one's. */
        private void of(long id) {
            if (id != partsOf) {
                parts.reset();
                partsOf = id;
            }
        }

        void parcel(Message message) throws IOException {
            int[] numbers = message.fds();
            Parcel admitted = null;
            boolean decided = false;
            try {
                long id = message.number();
                of(id);
                parts.writeBytes(message.rest());
                byte[] form = parts.toByteArray();
                parts.reset();
                Parcel parcel = ParcelForm.read(form, numbers);
                String refusal = arrivals.admit(parcel);
                if (refusal != null) {
                    answer(new Message.Writer(Message.Type.RETURNED).number(id).text(refusal));
                    return;
                }
                admitted = parcel;
                if (canSayTaken(id)) {
                    decided = true;
                    arrivals.take(parcel);
                } else if (socket.isHungUp()) {
                    decided = true;
                    undecided.add(parcel);
                }
                // Else it lives and hears no more: it has taken the connection back.
            } finally {
                if (!decided) {
                    if (admitted != null) {
                        arrivals.leave(admitted);
                    }
                    socket.discard(numbers);
                }
            }
        }

        private boolean canSayTaken(long id) throws IOException {
            try {
                answer(new Message.Writer(Message.Type.TAKEN).number(id));
                return true;
            } catch (HandoffException gone) {
                LOG.debug("cannot answer the old process", gone);
                return false;
            }
        }

        private void answer(Message.Writer answer) throws IOException {
            socket.send(answer, Deadline.in(STEP_MAX));
        }

        /**
         * The other side has said all.
         *
         * @param inOrder it has said its last word, after it has taken back what was not answered; if it has not, and
         *     is dead, nobody else has what it has sent, unless it has taken that back before it died
         */
        void end(boolean inOrder) {
            boolean mine = !undecided.isEmpty() && !inOrder && isDead();
            for (Parcel each : undecided) {
                if (mine && !socket.isTakenBack(each.socket().number())) {
                    arrivals.take(each);
                } else {
                    arrivals.leave(each);
                    socket.discard(each.numbers().toArray());
                }
            }
            undecided.clear();
        }

        private boolean isDead() {
            Deadline deadline = Deadline.in(dyingMax);
            while (giver.isAlive() && !deadline.isOver()) {
                LockSupport.parkNanos(LOOK_NANOS);
            }
            return !giver.isAlive();
        }
    }

    /** All of a packet or none: no connection is kept of which it is not known what it is for. */
    private List<IdleConnection> idle(Message message) throws HandoffException {
        int[] numbers = message.fds();
        List<IdleConnection> connections = new ArrayList<>(numbers.length);
        boolean done = false;
        try {
            String upstream = message.text();
            String server = message.text();
            String profile = message.text();
            long[] idleMillis = new long[numbers.length];
            for (int i = 0; i < numbers.length; i++) {
                idleMillis[i] = message.number();
            }
            String plugin = message.hasMore() ? message.text() : ""; // older releases do not say
            for (int i = 0; i < numbers.length; i++) {
                connections.add(new IdleConnection(upstream, server, plugin, profile, idleMillis[i], numbers[i]));
            }
            done = true;
            return connections;
        } finally {
            if (!done) {
                socket.discard(numbers);
            }
        }
    }

    /** Closes fds that came and are not wanted. */
    public void discard(int... numbers) {
        socket.discard(numbers);
    }

    @Override
    public void close() {
        socket.close();
    }
}
