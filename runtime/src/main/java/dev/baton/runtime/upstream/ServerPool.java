package dev.baton.runtime.upstream;

import dev.baton.runtime.channel.Input;
import dev.baton.runtime.channel.MovableStreamChannel;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.pack.PackedCompanion.Place;
import dev.baton.runtime.tls.ClientHandshake;
import dev.baton.runtime.tls.ClientOffer;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.pool.IdlePool;
import dev.baton.spi.pool.PoolFigures;
import io.netty.util.AttributeKey;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The connections of one profile to one server: those in use, counted here, and those that rest in the idle pools. */
final class ServerPool {
    private static final AttributeKey<Member> MEMBER = AttributeKey.valueOf(ServerPool.class, "member");

    /**
     * Idle connections that one take discards, of some microseconds each, before it gives up: the rest may be dead too,
     * and a new one costs less than to look on.
     */
    private static final int DISCARDS_MAX = 16;

    /** Reads of one idle connection with TLS in one look: more are no tickets. */
    private static final int READS_MAX = 4;

    /** Connections that are given away in one turn of a loop: some microseconds each. */
    static final int GIVEN_MAX = 64;

    private final String upstream;
    private final Profile profile;
    private final LiveServer server;
    private final EndpointPools idle;
    private final UpstreamEnv env;
    private final UpstreamCounters counters;
    private final boolean keeps;
    /** Bytes on an idle connection may be the protocol's own, which its handlers read later. */
    private final boolean peerSpeaksUnasked;
    /** What is offered in TLS handshakes; null without TLS. */
    private final @Nullable ClientOffer offer;

    /** Null if the server has none. */
    private final @Nullable ConnectionLimit limit;

    private final AtomicInteger open = new AtomicInteger();
    /** Exchanges that connections carry beside one each. */
    private final AtomicInteger shared = new AtomicInteger();

    private final LongAdder connects = new LongAdder();
    /** Those that keep a place of the limit and may carry many exchanges, which may last for ever; else none. */
    private final Set<Member> placed = ConcurrentHashMap.newKeySet();

    private volatile boolean retired;

    /**
     * Without connections.
     *
     * @param upstream the name of its upstream
     * @param profile what makes the connections interchangeable
     * @param keeps whether a connection rests after its use; false if each is one client's
     * @param peerSpeaksUnasked whether a server may send something on an idle connection, as HTTP/2 has it
     * @param offer what is offered in TLS handshakes; null without TLS
     */
    ServerPool(
            String upstream,
            Profile profile,
            LiveServer server,
            EndpointPools idle,
            UpstreamEnv env,
            UpstreamCounters counters,
            boolean keeps,
            boolean peerSpeaksUnasked,
            @Nullable ClientOffer offer) {
        this.upstream = upstream;
        this.profile = profile;
        this.peerSpeaksUnasked = peerSpeaksUnasked;
        this.server = server;
        this.limit = server.limit();
        this.keeps = keeps;
        this.offer = offer;
        this.idle = idle;
        this.env = env;
        this.counters = counters;
    }

    LiveServer server() {
        return server;
    }

    Profile profile() {
        return profile;
    }

    @Nullable
    ConnectionLimit limit() {
        return limit;
    }

    EndpointPools idle() {
        return idle;
    }

    /** Whether a connection may carry several exchanges at a time, as HTTP/2 has it. */
    boolean isMultiplexed() {
        return peerSpeaksUnasked;
    }

    int open() {
        return open.get();
    }

    int shared() {
        return shared.get();
    }

    /** Its figures. */
    PoolTotals totals() {
        PoolFigures figures = idle.figures();
        return new PoolTotals(
                figures.idle(),
                open.get(),
                shared.get(),
                connects.sum(),
                figures.reusesLocal(),
                figures.reusesTakeover(),
                figures.takeoversRefused());
    }

    /**
     * No service serves with them any longer. What is idle is closed. A connection that carries several exchanges gives
     * its place under the limit back: no request of those that serve now can use it, and none may have to wait for the
     * end of all that it carries. Until then the server has that many connections more. Any thread.
     */
    void retire() {
        retired = true; // first: who joins now sees it, or is found here
        idle.close();
        placed.forEach(this::givePlaceBack);
    }

    private void opened(Member member) {
        open.incrementAndGet();
        if (limit != null && isMultiplexed()) {
            placed.add(member);
            if (retired) {
                givePlaceBack(member);
            }
        }
        member.channel().closeFuture().addListener(closed -> member.closed());
    }

    /** Once for each. */
    private void givePlaceBack(Member member) {
        if (limit != null && (!isMultiplexed() || placed.remove(member))) {
            limit.freed();
        }
    }

    /** Takes an idle connection that can be used, with a claim on it; null if there is none. */
    @Nullable
    Member take(Loop loop) {
        IdlePool from = idle.next();
        return from == null ? null : take(from, loop);
    }

    /** The same, whichever address it is connected to. */
    @Nullable
    Member takeAny(Loop loop) {
        for (IdlePool each : idle.all()) {
            Member taken = take(each, loop);
            if (taken != null) {
                return taken;
            }
        }
        return null;
    }

    boolean hasIdle() {
        return idle.figures().idle() > 0;
    }

    private @Nullable Member take(IdlePool from, Loop loop) {
        for (int i = 0; i < DISCARDS_MAX; i++) {
            MovableChannel channel = from.take(loop);
            if (channel == null) {
                return null;
            }
            if (isQuietOrLeft((MovableStreamChannel) channel)) {
                return member(channel).taken();
            }
        }
        return null;
    }

    /** {@link #isQuiet} of one that is left if it is closed. */
    private boolean isQuietOrLeft(MovableStreamChannel channel) {
        boolean quiet = false;
        try {
            quiet = isQuiet(channel);
        } finally {
            if (!quiet) {
                channel.leave();
            }
        }
        return quiet;
    }

    /**
     * Under a claim: whether the server has neither ended an idle connection nor sent anything on it. If it has, the
     * events may still be on their way to a loop that is busy; whoever sends a request first loses it, or takes those
     * bytes for the answer. Such a connection is closed.
     *
     * <p>With TLS, bytes may be a session ticket or another message that means nothing to a request; or they may say
     * that the server has ended the connection. So they are read here, as their event would have them read, and what
     * they do to the connection decides. A record of which a part was read counts as bytes: what it says comes with its
     * end, which may be on its way.
     */
    boolean isQuiet(MovableStreamChannel channel) {
        Input input = channel.unseenInput();
        for (int i = 0; offer != null && input == Input.BYTES && i < READS_MAX; i++) {
            channel.readNow();
            input = channel.isActive() ? channel.unreadInput() : Input.END;
        }
        if (input == Input.NOTHING && !member(channel).isBetweenRecords()) {
            input = Input.BYTES;
        }
        if (input == Input.NOTHING || (input == Input.BYTES && peerSpeaksUnasked)) {
            return true;
        }
        counters.discarded(input).increment();
        channel.close();
        return false;
    }

    /**
     * Closes an idle connection, whichever loop has it, for the sake of its fd; false if there is none. On a loop's
     * thread.
     */
    boolean evict(Loop loop) {
        boolean evicted = close(loop);
        if (!evicted && limit != null) {
            limit.rested(); // it may have put back what was busy
        }
        return evicted;
    }

    /** {@link #evict} for one that waits for a place. */
    boolean close(Loop loop) {
        MovableChannel channel = null;
        for (IdlePool each : idle.all()) {
            channel = each.evict(loop);
            if (channel != null) {
                break;
            }
        }
        if (channel == null) {
            return false;
        }
        try {
            channel.close();
            counters.evictions().increment();
        } finally {
            channel.leave();
        }
        return true;
    }

    /**
     * Gives idle connections away, on a loop's thread, until nobody wants them or none is left. See
     * {@link Upstreams#give}.
     */
    void give(BatonLoop loop, String upstream, String server, Profile profile, Predicate<IdleConnection> taker) {
        int given = 0;
        for (IdlePool from : idle.all()) {
            MovableStreamChannel channel;
            while (given < GIVEN_MAX && (channel = (MovableStreamChannel) from.take(loop)) != null) {
                given++;
                if (isQuietOrLeft(channel) && !give(channel, from, upstream, server, profile, taker)) {
                    return;
                }
            }
        }
        if (limit != null) {
            limit.rested(); // it may have put back what was busy
        }
    }

    /** Under a claim, which is given back. False: no more is wanted. */
    private static boolean give(
            MovableStreamChannel channel,
            IdlePool from,
            String upstream,
            String server,
            Profile profile,
            Predicate<IdleConnection> taker) {
        long idleMillis = from.idleFor(channel).toMillis();
        int number = -1;
        try {
            number = channel.surrender();
            if (number < 0) {
                channel.close(); // its answer is not waited for
            }
        } finally {
            channel.leave();
        }
        return number < 0
                || taker.test(
                        new IdleConnection(upstream, server, profile.plugin(), profile.name(), idleMillis, number));
    }

    /** Makes a connection of another process one of the pool's, idle. Under a claim on it. */
    void receive(MovableChannel channel, SocketAddress address, Loop loop, Duration idleFor) {
        IdlePool at = idle.at(address);
        if (at == null || (limit != null && !limit.takePlace())) {
            channel.close();
            return;
        }
        if (!env.fds().connect()) {
            failed(channel);
            channel.close();
            return;
        }
        channel.closeFuture().addListener(closed -> env.fds().disconnect());
        Member member = new Member(this, at, channel, loop);
        channel.attr(MEMBER).set(member);
        opened(member);
        channel.afterLeave(() -> {
            if (!at.put(loop, channel, idleFor)) {
                channel.close();
            } else if (limit != null) {
                limit.rested();
            }
        });
    }

    /**
     * Makes a connection of another process one of the pool's, in use. It is not refused for want of room: it is there,
     * and was counted in the other process. Under a claim on it.
     */
    void receiveInUse(MovableChannel channel, SocketAddress address, Loop loop) {
        server.began();
        if (limit != null) {
            limit.overdraw();
        }
        if (env.fds().connect()) {
            channel.closeFuture().addListener(closed -> env.fds().disconnect());
        }
        Member member = new Member(this, keeps ? idle.at(address) : null, channel, loop).used(true);
        channel.attr(MEMBER).set(member);
        opened(member);
    }

    /** Where a connection in use belongs; null if it was made by no pool, or speaks TLS, whose keys cannot go. */
    static @Nullable Place placeOf(MovableChannel channel) {
        Member member = channel.hasAttr(MEMBER) ? channel.attr(MEMBER).get() : null;
        if (member == null || !member.inUse || member.pool.offer != null) {
            return null;
        }
        ServerPool pool = member.pool;
        return new Place(pool.upstream, pool.server.server().address(), pool.profile.plugin(), pool.profile.name());
    }

    boolean hasTls() {
        return offer != null;
    }

    /**
     * Nothing came of an attempt to connect.
     *
     * @param last its channel, which has a place until it is closed; null if there was none
     */
    void failed(@Nullable MovableChannel last) {
        if (limit == null) {
            return;
        }
        if (last == null) {
            limit.freed();
        } else {
            last.closeFuture().addListener(closed -> limit.freed());
        }
    }

    /**
     * Makes a connection that was just opened one of the pool's, in use: the server counts it since the attempt began.
     * Under a claim on it.
     */
    void join(MovableChannel channel, Endpoint to, Loop loop) {
        IdlePool home = keeps ? idle.of(to) : null;
        // In this order. A reload replaces the offer, then the pools: either the pool is one that it closes, or the
        // connection is seen to be of before.
        if (offer != null && !offer.isCurrent(channel)) {
            home = null;
        }
        Member member = new Member(this, home, channel, loop).used(true);
        channel.attr(MEMBER).set(member);
        connects.increment();
        opened(member);
    }

    /** The pool's note about a connection. */
    static Member member(MovableChannel channel) {
        return Objects.requireNonNull(
                channel.attr(MEMBER).get(), "a connection that no upstream opened cannot be released to one");
    }

    /**
     * What is remembered of one connection as long as it lives. Its fields are read and written under a claim on the
     * connection, and after the last of them. It is the action after the leave itself, so that a release allocates
     * nothing.
     *
     * <p>Whether the server counts the connection is {@code counted}, which ends once: at the release, or at the close,
     * whichever is first. A holder may close the connection and release it afterwards, and the close may come from
     * elsewhere after the release; the flag is clear by then.
     */
    static final class Member implements Runnable {
        private final ServerPool pool;
        /**
         * Where it rests: the pool of the address that it is connected to. Null if it is not kept, or if that address
         * was gone before it was open.
         */
        private final @Nullable IdlePool home;

        private final MovableChannel channel;
        /** Null without TLS. */
        private final @Nullable ClientHandshake handshake;

        private Loop lastLoop;
        private boolean inUse;
        private boolean counted;
        /** Exchanges beside the first that it carries at once. */
        private int more;

        Member(ServerPool pool, @Nullable IdlePool home, MovableChannel channel, Loop loop) {
            this.pool = pool;
            this.home = home;
            this.channel = channel;
            this.handshake = pool.offer == null ? null : channel.pipeline().get(ClientHandshake.class);
            this.lastLoop = loop;
        }

        MovableChannel channel() {
            return channel;
        }

        private boolean isBetweenRecords() {
            return handshake == null || handshake.isBetweenRecords();
        }

        /** Whether the loop that takes it now is another one than had it before; remembers this one. */
        boolean changesTo(Loop loop) {
            boolean changes = lastLoop != loop;
            lastLoop = loop;
            return changes;
        }

        /** It was idle, and is in use from here on. */
        Member taken() {
            pool.server.began();
            return used(true);
        }

        /**
         * Marks the beginning or the end of a use.
         *
         * @param begins true: the server counts it by now
         */
        private Member used(boolean begins) {
            assert inUse != begins : begins ? "taken while in use" : "released twice";
            inUse = begins;
            if (begins) {
                counted = true;
            } else {
                uncount();
            }
            return this;
        }

        private void uncount() {
            if (counted) {
                counted = false;
                carriesBesideOne(0);
                pool.server.ended();
            }
        }

        /** See {@code UpstreamConnections.carries}. */
        boolean carries(int exchanges) {
            if (counted) {
                carriesBesideOne(Math.max(0, exchanges - 1));
            }
            return home != null && pool.idle.isOpen(home);
        }

        private void carriesBesideOne(int now) {
            pool.server.carries(now - more);
            pool.shared.addAndGet(now - more);
            more = now;
        }

        /** Whether a connect waits for one like it. */
        boolean isWaitedFor() {
            return pool.limit != null && pool.limit.isWaitedFor(pool);
        }

        /** Serves the connect that has waited longest for one like it, beside what it carries; false if none waits. */
        boolean share() {
            QueuedConnect first = pool.limit == null ? null : pool.limit.takeFirst(pool);
            if (first == null) {
                return false;
            }
            first.shares(channel);
            return true;
        }

        /** Rests from the end of this claim on, if there is room. */
        void release() {
            used(false);
            // An idle connection reads, else its close would not be noticed.
            if (!channel.config().isAutoRead()) {
                channel.config().setAutoRead(true);
            }
            channel.afterLeave(this);
        }

        /** After the leave, on the thread that left. */
        @Override
        public void run() {
            Loop loop = pool.env.loops().current();
            ConnectionLimit limit = pool.limit;
            if (limit != null && loop != null && home != null && pool.idle.isOpen(home)) {
                if (!limit.handOver(pool, this, loop)) {
                    rest(loop, home);
                    limit.rested();
                }
            } else if (loop == null || home == null) {
                channel.close();
            } else {
                rest(loop, home);
            }
        }

        private void rest(Loop loop, IdlePool home) {
            if (!home.put(loop, channel)) {
                channel.close();
            }
        }

        private void closed() {
            uncount();
            // In this order, so that what is open is never less than what is idle once both are done.
            if (home != null) {
                home.remove(channel);
            }
            pool.open.decrementAndGet();
            pool.givePlaceBack(this);
        }
    }
}
