package dev.baton.runtime.upgrade;

import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.pack.Parcel;
import dev.baton.runtime.posix.Posix;
import dev.baton.runtime.upstream.IdleConnection;
import dev.baton.runtime.upstream.ServerChange;
import dev.baton.runtime.upstream.ServerDown;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.LongPredicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The old process's part of a handoff; the package's table tells the steps. For one thread that may block. */
public final class Giver implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Giver.class);

    private static final int STDOUT = 1;
    private static final int STDERR = 2;
    /** After SERVING nothing is urgent, and a new process that takes nothing must not keep the old one. */
    private static final Duration AFTERWARDS_MAX = Duration.ofSeconds(5);

    /** Of why a check failed; more of it is cut. */
    private static final int FAILURE_CHARS_MAX = 500;

    /** Packets that are heard at once: one that talks without end must not keep this process from its own end. */
    private static final int HEARD_MAX = 256;

    private final HandoffSocket socket;
    private final Deadline deadline;
    private final Peer peer;
    private boolean tellsDrops;
    private boolean takesChanges;
    private boolean takesDowns;
    private boolean takesParcels;
    private boolean closedThere;

    Giver(HandoffSocket socket, Deadline deadline, Peer peer) {
        this(socket, deadline, peer, false);
    }

    Giver(HandoffSocket socket, Deadline deadline, Peer peer, boolean takesDowns) {
        this.takesDowns = takesDowns;
        this.socket = socket;
        this.deadline = deadline;
        this.peer = peer;
    }

    /**
     * Waits for the new process to connect.
     *
     * @param expected whether a process of this pid is the one
     * @param waiting whether there is still a process to wait for
     * @param limit how long everything up to {@link #awaitServing} may take
     * @throws IOException if it does not come, or is none of this protocol's
     */
    public static Giver accept(
            HandoffAddress address,
            FdTable table,
            Posix posix,
            LongPredicate expected,
            BooleanSupplier waiting,
            Duration limit)
            throws IOException {
        Deadline deadline = Deadline.in(limit);
        HandoffSocket socket = address.accept(expected, waiting, deadline);
        boolean done = false;
        try {
            Giver giver = new Giver(socket, deadline, Peer.of(posix, socket.number()));
            Message hello = giver.expect(Message.Type.HELLO);
            giver.takesChanges = hello.hasMore() && hello.flag();
            giver.takesDowns = hello.hasMore() && hello.flag();
            giver.takesParcels = hello.hasMore() && hello.flag();
            socket.send(new Message.Writer(Message.Type.HELLO), deadline);
            done = true;
            return giver;
        } finally {
            if (!done) {
                socket.close();
            }
        }
    }

    /** The new process. */
    public long pid() {
        return peer.pid();
    }

    /**
     * Step 4. The sockets stay open here.
     *
     * @param ended the names of listeners of the configuration that were unbound at run time
     * @param ticketKeys those of TLS; empty if there are none
     */
    public void sendSockets(
            List<HandedListener> listeners, List<HandedServer> servers, Collection<String> ended, String ticketKeys)
            throws IOException {
        long fds = 0;
        for (HandedListener listener : listeners) {
            int[] numbers = listener.numbers();
            for (int from = 0; from < numbers.length; from += Message.FDS_MAX) {
                int to = Math.min(numbers.length, from + Message.FDS_MAX);
                socket.send(
                        new Message.Writer(Message.Type.LISTENER, Arrays.copyOfRange(numbers, from, to))
                                .text(listener.name())
                                .text(listener.bind())
                                .text(listener.address())
                                .flag(listener.isSuspended())
                                .writing(listener.text()),
                        deadline);
            }
            fds += numbers.length;
        }
        for (HandedServer server : servers) {
            String text = HandedServer.text(server.address());
            if (!text.isEmpty()) {
                socket.send(new Message.Writer(Message.Type.SERVER, server.number()).text(text), deadline);
                fds++;
            }
        }
        socket.send(
                new Message.Writer(Message.Type.SOCKETS_END)
                        .number(fds)
                        .texts(ended)
                        .text(ticketKeys),
                deadline);
    }

    /** True if the new process knows of servers that are changed at run time; else nothing is sent of them. */
    public boolean takesChanges() {
        return takesChanges;
    }

    /** Step 4, before {@link #sendSockets}. */
    public void sendChanges(List<ServerChange> changes) throws IOException {
        for (ServerChange each : changes) {
            Message.Writer message = new Message.Writer(Message.Type.UPSTREAM)
                    .text(each.upstream())
                    .text(each.server())
                    .text(each.state().name())
                    .number(each.weight())
                    .flag(each.configured() >= 0);
            socket.send(each.configured() >= 0 ? message.number(each.configured()) : message, deadline);
        }
    }

    /** Step 4, before {@link #sendSockets}. Sends nothing to a process that does not know of them: it checks anew. */
    public void sendDowns(List<ServerDown> downs) throws IOException {
        if (takesDowns) {
            for (ServerDown each : downs) {
                String failure = each.failure();
                socket.send(
                        new Message.Writer(Message.Type.DOWN)
                                .text(each.upstream())
                                .text(each.server())
                                .number(each.millis())
                                .text(failure.substring(0, Math.min(failure.length(), FAILURE_CHARS_MAX))),
                        deadline);
            }
        }
    }

    /**
     * Waits for step 5.
     *
     * @return what became of what was changed here at run time, for a person
     */
    public List<String> awaitReady() throws IOException {
        Message ready = expect(Message.Type.READY);
        List<String> notes = ready.texts();
        tellsDrops = ready.hasMore() && ready.flag();
        return notes;
    }

    /**
     * True if the new process says which sockets it lets go of while this one drains. Known after {@link #awaitReady}.
     */
    public boolean tellsDrops() {
        return tellsDrops;
    }

    /** Step 6. */
    public void go() throws IOException {
        socket.send(new Message.Writer(Message.Type.GO, STDOUT, STDERR), deadline);
    }

    /** Waits for step 7: from here on the new process serves. */
    public void awaitServing() throws IOException {
        expect(Message.Type.SERVING);
    }

    /**
     * Step 8.
     *
     * @param suspended listeners that were suspended after step 4, by the names of that step
     * @param resumed listeners that were resumed after step 4
     */
    public void released(Collection<String> suspended, Collection<String> resumed) throws IOException {
        socket.send(
                new Message.Writer(Message.Type.RELEASED).texts(suspended).texts(resumed), Deadline.in(AFTERWARDS_MAX));
    }

    /** True if the new process takes live connections. */
    public boolean takesParcels() {
        return takesParcels;
    }

    /** What the new process says while this one drains. */
    public interface Hearing {
        /**
         * It has let go of sockets.
         *
         * @param listeners by the names of step 4
         * @param servers by the addresses of step 4
         */
        void dropped(List<String> listeners, List<SocketAddress> servers);

        /** It has a live connection, by the number of {@link #sendParcel}. */
        void taken(long parcel);

        /** It does not take one. */
        void returned(long parcel, String why);
    }

    /**
     * Between steps 8 and 10: hears what the new process says while this one drains.
     *
     * @param limit how long it waits for the first word; what else is there is heard, too
     * @throws HandoffException if it says what it must not
     */
    public void hear(Duration limit, Hearing hearing) throws IOException {
        if (closedThere) {
            LockSupport.parkNanos(limit.toNanos());
            return;
        }
        Deadline until = Deadline.in(limit);
        for (int heard = 0; heard < HEARD_MAX && socket.awaitPacket(until); heard++) {
            Message message = socket.receive(Deadline.in(limit));
            if (message == null) {
                closedThere = true;
                return;
            }
            hear(message, hearing);
            until = Deadline.in(Duration.ZERO); // what else is there
        }
    }

    private void hear(Message message, Hearing hearing) throws HandoffException {
        if (message.fds().length > 0) {
            socket.discard(message.fds());
            throw new HandoffException("the new process sent fds with " + message.type());
        }
        switch (message.type()) {
            case DROPPED -> {
                List<String> listeners = message.texts();
                List<SocketAddress> servers = new ArrayList<>();
                for (String address : message.texts()) {
                    servers.add(HandedServer.parse(address));
                }
                hearing.dropped(listeners, servers);
            }
            case TAKEN -> hearing.taken(message.number());
            case RETURNED -> hearing.returned(message.number(), message.text());
            default -> throw new HandoffException("the new process said " + message.type() + " while this one drains");
        }
    }

    /**
     * Has the new process send nothing more, and hears what it has sent before: who owns each live connection is known
     * then. {@link #hear} hears nothing afterwards.
     */
    public void hearLast(Hearing hearing) {
        if (closedThere) {
            return;
        }
        closedThere = true;
        socket.stopReceiving();
        while (true) {
            try {
                Message message = socket.receive(Deadline.in(AFTERWARDS_MAX));
                if (message == null) {
                    return;
                }
                hear(message, hearing);
            } catch (HandoffException wrong) {
                LOG.debug("the new process says what it must not", wrong);
            } catch (IOException e) {
                LOG.warn("cannot hear the new process", e);
                return;
            }
        }
    }

    /** {@link #hear} hears nothing from here on. */
    public void ignore() {
        closedThere = true;
    }

    /** True once nothing more can be heard of the new process. */
    boolean isClosedThere() {
        return closedThere;
    }

    /** True once the new process has closed its end and is dead. */
    public boolean hasDied() {
        return closedThere && !peer.isAlive();
    }

    /**
     * Step 9: connections of one key; they stay open here, and share everything but the close with the copies there.
     */
    public void sendIdle(List<IdleConnection> connections) throws IOException {
        IdleConnection first = connections.get(0);
        int[] numbers = connections.stream()
                .peek(each -> {
                    assert each.hasKeyOf(first);
                })
                .mapToInt(IdleConnection::number)
                .toArray();
        Message.Writer message = new Message.Writer(Message.Type.IDLE, numbers)
                .text(first.upstream())
                .text(first.server())
                .text(first.profile());
        connections.forEach(each -> message.number(each.idleMillis()));
        message.text(first.plugin()); // last: older releases read no further
        socket.send(message, Deadline.in(AFTERWARDS_MAX));
    }

    /** How many connections {@link #sendIdle} takes at once. */
    public static int idleMax() {
        return Message.FDS_MAX;
    }

    /**
     * A live connection is about to be sent: what an earlier {@link #takesBack} has left behind goes. Who sends sees to
     * it that no {@link #takesBack} of this time comes before this: that would be lost.
     */
    public void givesAway(Parcel parcel) {
        socket.unmark(parcel.socket().number());
    }

    /**
     * Step 9: a live connection, which stays open here until the new process says what becomes of it, and in any case
     * until this returns. Any thread; after {@link #givesAway}.
     *
     * @param id a number that it is answered by
     */
    public void sendParcel(long id, Parcel parcel) throws IOException {
        Deadline soon = Deadline.in(AFTERWARDS_MAX);
        byte[] form = ParcelForm.write(parcel);
        int from = 0;
        for (; form.length - from > Message.PART_BYTES_MAX; from += Message.PART_BYTES_MAX) {
            socket.send(
                    new Message.Writer(Message.Type.PART).number(id).rest(form, from, Message.PART_BYTES_MAX), soon);
        }
        socket.send(
                new Message.Writer(Message.Type.PARCEL, parcel.numbers().toArray())
                        .number(id)
                        .rest(form, from, form.length - from),
                soon);
    }

    /** A live connection that was sent goes on here; what the new process has said until {@link #hearLast} is heard. */
    public void takesBack(Parcel parcel) {
        socket.markTakenBack(parcel.socket().number());
    }

    /** Step 10. */
    public void end() throws IOException {
        socket.send(new Message.Writer(Message.Type.END), Deadline.in(AFTERWARDS_MAX));
    }

    /** Tells the new process to end; it may be past listening. */
    public void refuse(String why) {
        try {
            socket.send(new Message.Writer(Message.Type.REFUSED).text(why), Deadline.in(Duration.ZERO));
        } catch (IOException gone) {
            // It is told once more by the close, and then killed.
        }
    }

    private Message expect(Message.Type type) throws IOException {
        Message message = socket.receive(type, deadline);
        if (message == null) {
            throw new HandoffException("the new process has ended before it was ready");
        }
        if (message.fds().length > 0) {
            socket.discard(message.fds());
            throw new HandoffException("the new process sent fds with " + type);
        }
        return message;
    }

    @Override
    public void close() {
        socket.close();
    }
}
