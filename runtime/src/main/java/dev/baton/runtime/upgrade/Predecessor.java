package dev.baton.runtime.upgrade;

import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.channel.FdServerChannel;
import dev.baton.runtime.channel.MovableStreamChannel;
import dev.baton.runtime.channel.PackedSocket;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.listener.ChangedListener;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.output.StandardStreams;
import dev.baton.runtime.pack.Parcel;
import dev.baton.runtime.posix.FileFlags;
import dev.baton.runtime.posix.Posix;
import dev.baton.runtime.upstream.IdleConnection;
import dev.baton.runtime.upstream.ServerChange;
import dev.baton.runtime.upstream.ServerDown;
import dev.baton.runtime.upstream.Upstreams;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.posix.SocketOptions;
import dev.baton.spi.posix.Sockets;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The process before this one, as this one sees it: what it leaves, and what it is told. Where this one was started by
 * itself there was none, and nothing here does anything. One that has died may have left listening sockets with the
 * service manager: they are all that there is of it, and there is no process to be told anything.
 *
 * <p>For the starting thread.
 */
public final class Predecessor {
    private static final Logger LOG = LoggerFactory.getLogger(Predecessor.class);

    /** The predecessor ends when it has drained; this is only so that there is an end. */
    private static final Duration DRAIN_MAX = Duration.ofDays(7);

    /** Live connections that wait for a loop here: enough to keep two busy. */
    private static final int SET_UP_AT_ONCE = 8;

    private static final Duration SET_UP_MAX = Duration.ofSeconds(1);

    private final ChannelEnv channels;
    private final LoopRegistry loops;
    private final @Nullable Receiver receiver;
    private final @Nullable ReceivedSockets sockets;
    private final boolean diedBefore;
    /** By the names that the process before has for them. */
    private final Map<String, SharedListener> adopted = new ConcurrentHashMap<>();
    /** What became of what was changed there at run time. */
    private final List<String> notes = new ArrayList<>();

    /** Listeners and servers there that this process does not go on with. For the starting thread. */
    private final List<String> dropped = new ArrayList<>();

    /** The listeners that an operator had suspended, of one that has died. */
    private final List<ChangedListener> suspended = new ArrayList<>();

    private final List<SocketAddress> droppedServers = new ArrayList<>();

    private int nextLoop;
    private volatile Runnable over = () -> {};

    private Predecessor(
            ChannelEnv channels,
            LoopRegistry loops,
            @Nullable Receiver receiver,
            @Nullable ReceivedSockets sockets,
            boolean diedBefore) {
        this.channels = channels;
        this.loops = loops;
        this.receiver = receiver;
        this.sockets = sockets;
        this.diedBefore = diedBefore;
    }

    /** None. */
    public static Predecessor none(ChannelEnv channels, LoopRegistry loops) {
        return new Predecessor(channels, loops, null, null, false);
    }

    /**
     * One that has died; its sockets were kept.
     *
     * @param kept this process's from here on
     * @param suspended its listeners that an operator had suspended, whether their sockets were kept or not: those of
     *     socket units and those that this process was given are not
     */
    public static Predecessor dead(
            ChannelEnv channels,
            LoopRegistry loops,
            Collection<HandedListener> kept,
            Collection<ChangedListener> suspended) {
        FdTable table = channels.table();
        ReceivedSockets sockets = new ReceivedSockets(number -> table.fdDelete(table.fdInsert(number, FdKind.HANDOFF)));
        kept.forEach(sockets::add);
        Predecessor dead = new Predecessor(channels, loops, null, sockets, false);
        dead.suspended.addAll(suspended);
        return dead;
    }

    /** True if it is dead, and has left sockets: what is not taken of them no process serves. */
    public boolean isDead() {
        return receiver == null && sockets != null;
    }

    /** The listeners whose sockets have come and are not taken. */
    public List<HandedListener> handed() {
        return sockets == null ? List.of() : sockets.listeners();
    }

    /** Has somebody told when it will not serve again in place of this process. Before {@link #serving}. */
    public void whenOver(Runnable told) {
        over = told;
    }

    /** True if an environment names one. */
    public static boolean isNamed(Map<String, String> environment) {
        return !environment.getOrDefault(HandoffAddress.VARIABLE, "").isEmpty();
    }

    /**
     * The one that an environment names, with what it has sent; none if it names none.
     *
     * @throws IOException if it is there and hands nothing over
     */
    public static Predecessor of(Map<String, String> environment, ChannelEnv channels, LoopRegistry loops)
            throws IOException {
        String path = environment.get(HandoffAddress.VARIABLE);
        if (path == null || path.isEmpty()) {
            return none(channels, loops);
        }
        Receiver receiver = null;
        ReceivedSockets sockets = null;
        try {
            try {
                receiver = Receiver.connect(Path.of(path), channels.table(), channels.posix());
            } catch (HandoffException nobodyThere) {
                long giver = giver(environment);
                if (giver == 0 || !Peer.isOrphanOf(giver)) {
                    throw nobodyThere;
                }
                LOG.warn("process {} died before it handed anything over; this one binds its addresses", giver);
                return new Predecessor(channels, loops, null, null, true);
            }
            sockets = receiver.receiveSockets();
            return new Predecessor(channels, loops, receiver, sockets, false);
        } finally {
            if (receiver != null && sockets == null) {
                receiver.close();
            }
        }
    }

    /** The process that an environment names; 0 if it does not say. */
    public static long giver(Map<String, String> environment) {
        String pid = environment.getOrDefault(HandoffAddress.GIVER, "");
        return pid.matches("\\d{1,18}") ? Long.parseLong(pid) : 0;
    }

    /** True if it was there and is known to be dead by now. */
    public boolean hasDied() {
        return diedBefore || (receiver != null && receiver.isAlone());
    }

    /** The sockets of each listener that had some there; {@link #others} are left. */
    public Map<SharedListener, HandedListener> adopt(Collection<SharedListener> listeners) {
        ReceivedSockets left = sockets;
        if (left == null) {
            return Map.of();
        }
        Map<SharedListener, HandedListener> found = Adoption.of(listeners, left, channels.posix());
        found.forEach((listener, handed) -> adopted.put(handed.name(), listener));
        return found;
    }

    /** The listeners there that {@link #adopt} found no listener for. Their numbers are the caller's. */
    public List<HandedListener> others() {
        List<HandedListener> others = new ArrayList<>();
        ReceivedSockets left = sockets;
        if (left != null) {
            for (HandedListener each = left.takeListener(any -> true);
                    each != null;
                    each = left.takeListener(any -> true)) {
                others.add(each);
            }
        }
        return others;
    }

    /** One of the {@link #others} continues. */
    public void adopted(HandedListener handed, SharedListener listener) {
        adopted.put(handed.name(), listener);
    }

    /** Closes the sockets of one of the {@link #others}. */
    public void close(HandedListener handed) {
        for (int number : handed.numbers()) {
            discard(number);
        }
        dropped.add(handed.name());
    }

    /**
     * Has the process before give up all that it has kept: it is not to serve again in place of this one. Any thread.
     */
    public void dropAll() {
        if (receiver != null) {
            receiver.dropped(
                    adopted.keySet(),
                    channels.servers().open().stream()
                            .map(FdServerChannel::localAddress)
                            .filter(Objects::nonNull)
                            .toList());
        }
    }

    /** What this process lets go of, the other must not keep. */
    private void tellDrops(Receiver there) {
        there.dropped(dropped, droppedServers);
        adopted.forEach((name, listener) -> listener.whenUnbinding(() -> there.dropped(List.of(name), List.of())));
        channels.servers().whenClosing(address -> there.dropped(List.of(), List.of(address)));
    }

    /** True if it has died, and an operator had suspended a listener of this name with this bind. */
    public boolean hadSuspended(String name, String bind) {
        return suspended.stream()
                .anyMatch(each -> each.name().equals(name) && each.bind().equals(bind));
    }

    /** True if its configuration had a listener of this name that was unbound there at run time. */
    public boolean hadUnbound(String name) {
        return sockets != null && sockets.ended().contains(name);
    }

    /** The keys of its session tickets of TLS; empty if it has sent none. */
    public String ticketKeys() {
        return sockets == null ? "" : sockets.ticketKeys();
    }

    /** How servers of its upstreams differ from what its configuration says; none where it does not say. */
    public List<ServerChange> serverChanges() {
        return sockets == null ? List.of() : sockets.changes();
    }

    /** The servers of its upstreams that its checks have found down; none where it does not say. */
    public List<ServerDown> serverDowns() {
        return sockets == null ? List.of() : sockets.downs();
    }

    /** Adds what became of a change to the report of the upgrade. */
    public void note(String note) {
        LOG.info("{}", note);
        notes.add(note);
    }

    /** Lets servers that are no listeners have theirs. */
    public void servers() {
        ReceivedSockets left = sockets;
        if (left != null) {
            channels.servers().left(wanted -> {
                HandedServer server = left.takeServer(each -> suits(each, wanted));
                return server == null ? -1 : server.number();
            });
        }
    }

    private boolean suits(HandedServer server, SocketAddress wanted) {
        Posix posix = channels.posix();
        try {
            return isAt(server.address(), wanted)
                    && server.address().equals(posix.localAddress(server.number()))
                    && posix.intOption(server.number(), SocketOptions.SOL_SOCKET, SocketOptions.SO_ACCEPTCONN) == 1;
        } catch (IOException noSocket) {
            LOG.warn("{} is not what the old process says", server, noSocket);
            return false;
        }
    }

    private static boolean isAt(SocketAddress there, SocketAddress wanted) {
        if (there instanceof InetSocketAddress inet && wanted instanceof InetSocketAddress here) {
            return inet.getAddress().equals(here.getAddress())
                    && (here.getPort() == 0 || here.getPort() == inet.getPort());
        }
        return there.equals(wanted);
    }

    /** What else it has sent is not wanted. */
    public void closeRest() {
        channels.servers().left(wanted -> -1);
        if (sockets != null) {
            droppedServers.addAll(sockets.closeRest());
        }
    }

    /**
     * Everything is bound and runs; waits for the word to accept.
     *
     * @throws IOException if it no longer wants this process
     */
    public void ready() throws IOException {
        if (receiver != null) {
            receiver.ready(notes, this::useStreams);
        }
    }

    private void useStreams(int output, int error) throws IOException {
        StandardStreams.drain();
        if (channels.posix().dupTo(output, 1) < 0 || channels.posix().dupTo(error, 2) < 0) {
            throw new IOException("cannot use the standard streams of the old process");
        }
        StandardStreams.changed();
    }

    /** This process accepts. From here on nothing that the other does matters. */
    public void serving(Collection<SharedListener> listeners, Upstreams upstreams, Runnable alone) {
        Receiver there = receiver;
        if (there == null) {
            over.run();
            return;
        }
        try {
            there.serving();
        } catch (IOException e) {
            LOG.warn("cannot tell the old process that this one serves", e);
        }
        tellDrops(there);
        Thread thread = new Thread(
                () -> {
                    try {
                        there.follow(
                                DRAIN_MAX,
                                (suspended, resumed) -> {
                                    suspended.forEach(name -> changed(name, true));
                                    resumed.forEach(name -> changed(name, false));
                                    released(listeners);
                                    alone.run();
                                },
                                idle -> receive(idle, upstreams),
                                new LiveArrivals());
                    } catch (IOException e) {
                        LOG.warn("the connections of the old process stay there: {}", e.getMessage());
                    } finally {
                        dropAll(); // from its end the other would conclude that this one is dead
                        there.close();
                        over.run();
                    }
                },
                "baton-handoff");
        thread.setDaemon(true);
        thread.start();
    }

    /** Of this process's start nothing has come. */
    public void close() {
        closeRest();
        if (receiver != null) {
            receiver.close();
        }
    }

    /** An operator has suspended or resumed a listener there when this process had its sockets already. */
    private void changed(String name, boolean suspended) {
        SharedListener listener = adopted.get(name);
        if (listener != null && suspended) {
            listener.suspend();
        } else if (listener != null) {
            listener.resume();
        }
    }

    /** An exclusive wakeup may have gone to a loop over there that no longer accepted: every loop here looks once. */
    private void released(Collection<SharedListener> listeners) {
        for (SharedListener listener : listeners) {
            loops.batonLoops().forEach(listener::tryAccept);
        }
    }

    // ---- idle connections -----------------------------------------------------------------------------------------

    private void receive(IdleConnection idle, Upstreams upstreams) {
        boolean taken = false;
        try {
            check(idle.number());
            SocketAddress peer = channels.posix().remoteAddress(idle.number());
            List<BatonLoop> all = loops.batonLoops();
            BatonLoop loop = all.get(Math.floorMod(nextLoop++, all.size()));
            loop.execute(() -> {
                if (!upstreams.receive(idle, peer, loop, this::channel)) {
                    LOG.debug("no pool wants {}", idle);
                    discard(idle.number());
                }
            });
            taken = true;
        } catch (IOException | RejectedExecutionException e) {
            LOG.debug("{} is not what the old process says", idle, e);
        } finally {
            if (!taken) {
                discard(idle.number());
            }
        }
    }

    private MovableStreamChannel channel(String plugin, BatonLoop loop, int number, SocketAddress peer) {
        return MovableStreamChannel.inherited(channels, plugin, loop, number, peer);
    }

    /** Live connections go to the listener that continues the one that has accepted them. */
    private final class LiveArrivals implements Receiver.Arrivals {
        /** Admitted, and not set up yet. */
        private final AtomicInteger settingUp = new AtomicInteger();

        private final Thread handoff = Thread.currentThread();

        @Override
        public @Nullable String admit(Parcel parcel) {
            SharedListener listener = adopted.get(parcel.listener());
            if (listener == null) {
                return "there is no such listener here";
            }
            try {
                for (PackedSocket socket : parcel.sockets()) {
                    check(socket.number());
                    socket.peer(channels.posix());
                }
            } catch (IOException e) {
                return "it is no connection: " + e.getMessage();
            }
            String refusal = listener.admits(parcel);
            if (refusal == null) {
                awaitRoom();
            }
            return refusal;
        }

        /**
         * What is taken stands still until a loop has set it up, which a process that has just started does slowly. So
         * the process before keeps what would only wait here. A loop that is blocked must not stop all others.
         */
        private void awaitRoom() {
            Deadline deadline = Deadline.in(SET_UP_MAX);
            while (settingUp.get() >= SET_UP_AT_ONCE && !deadline.isOver()) {
                LockSupport.parkNanos(this, SET_UP_MAX.toNanos());
            }
            settingUp.incrementAndGet();
        }

        private void over() {
            settingUp.decrementAndGet();
            LockSupport.unpark(handoff);
        }

        @Override
        public void take(Parcel parcel) {
            listener(parcel).unpack(parcel, this::over);
        }

        @Override
        public void leave(Parcel parcel) {
            over();
            listener(parcel).notReceived();
        }

        private SharedListener listener(Parcel parcel) {
            return Objects.requireNonNull(adopted.get(parcel.listener())); // never taken out
        }
    }

    /** That it is a connection, and does not block, is not believed. */
    private void check(int number) throws IOException {
        Posix posix = channels.posix();
        int flags = posix.statusFlags(number);
        if (posix.intOption(number, SocketOptions.SOL_SOCKET, SocketOptions.SO_TYPE) != Sockets.SOCK_STREAM
                || flags < 0
                || posix.setStatusFlags(number, flags | FileFlags.O_NONBLOCK) < 0) {
            throw new IOException("fd " + number + " is no stream socket");
        }
    }

    private void discard(int number) {
        FdTable table = channels.table();
        table.fdDelete(table.fdInsert(number, FdKind.HANDOFF));
    }
}
