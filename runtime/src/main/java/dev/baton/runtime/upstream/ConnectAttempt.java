package dev.baton.runtime.upstream;

import dev.baton.runtime.fd.FdBudget;
import dev.baton.runtime.tls.ClientHandshake;
import dev.baton.runtime.tls.ClientOffer;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.PosixException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ConnectTimeoutException;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One attempt to connect: find the server, register a channel with the loop, connect it, shake hands where the servers
 * speak TLS, and try the next address if that fails and the name has more, all within one timeout. Its outcome is told
 * once.
 *
 * <p>Until there is a channel everything runs on the loop that asked, so {@code lateness} needs no guard; afterwards
 * the channel's own promise tells the end, under a claim, on whichever loop owns the channel then.
 */
final class ConnectAttempt implements ServerLocator.Found {

    /**
     * Addresses of a name that are tried. Each gets its share of the time, which would be too short for a connect with
     * more.
     */
    private static final int TRIES_MAX = 3;

    /** Is told the outcome, once. */
    interface Outcome {
        /** Under a claim on the channel, which the caller gives back. */
        void connected(MovableChannel channel, Endpoint to);

        /**
         * There is no connection.
         *
         * @param last the channel of the last try, which is closed or about to be; null if there was none
         */
        void failed(Throwable cause, @Nullable MovableChannel last);
    }

    private final UpstreamEnv env;
    private final String plugin;
    private final LiveServer server;
    private final Loop loop;
    private final byte @Nullable [] firstBytes;
    /** Null: without TLS. */
    private final @Nullable ClientOffer offer;

    private final ChannelHandler initializer;
    private final long timeoutNanos;
    private final long startedNanos;
    private final Outcome outcome;
    private @Nullable Future<?> lateness;
    private boolean located;
    /** Where a name has several addresses: these, beginning with the one whose turn it is. */
    private List<Endpoint> endpoints = List.of();

    private int first;
    /** The next to be looked at, counted from the first. */
    private int position;

    private int tried;
    /** The kernel had no fd, and an idle connection was closed to make room. */
    private boolean again;

    /**
     * An attempt, not started.
     *
     * @param firstBytes what the connection begins with, whatever its handlers send; null for nothing
     * @param offer what is offered in its TLS handshake; null for a connection without TLS
     * @param initializer makes its pipeline
     */
    ConnectAttempt(
            UpstreamEnv env,
            String plugin,
            LiveServer server,
            Loop loop,
            byte @Nullable [] firstBytes,
            @Nullable ClientOffer offer,
            ChannelHandler initializer,
            long timeoutNanos,
            Outcome outcome) {
        this.env = env;
        this.plugin = plugin;
        this.server = server;
        this.loop = loop;
        this.firstBytes = firstBytes;
        this.offer = offer;
        this.initializer = initializer;
        this.timeoutNanos = timeoutNanos;
        this.outcome = outcome;
        this.startedNanos = nanoTime();
    }

    /** Starts. The caller is the loop's thread. */
    void start() {
        start(server.locator());
    }

    /** Starts, to another place than where the server gets its requests. */
    void start(ServerLocator where) {
        assert loop.inLoop() : "connect is for the loop's own thread";
        where.locate(loop, this);
        if (!located) {
            lateness = loop.eventLoop().schedule(this::tooLate, timeoutNanos, TimeUnit.NANOSECONDS);
        }
    }

    private void tooLate() {
        if (located()) {
            outcome.failed(timeout("no answer of the name server"), null);
        }
    }

    /** True for the first of answer and timeout. */
    private boolean located() {
        if (located) {
            return false;
        }
        located = true;
        if (lateness != null) {
            lateness.cancel(false);
        }
        return true;
    }

    @Override
    public void nowhere(IOException cause) {
        if (located()) {
            outcome.failed(cause, null);
        }
    }

    @Override
    public void at(Endpoint only, SocketAddress address) {
        if (located()) {
            open(loop, only, address, leftNanos());
        }
    }

    @Override
    public void at(List<Endpoint> endpoints, int first) {
        if (located()) {
            this.endpoints = endpoints;
            this.first = first;
            tryNext(loop, null, null);
        }
    }

    // ---- one address after the other --------------------------------------------------------------------------------

    /** Tries the next address, for its share of the time that is left. On a loop: the first that asked, later any. */
    private void tryNext(Loop on, @Nullable Throwable failure, @Nullable MovableChannel last) {
        long left = leftNanos();
        Endpoint next = failure == null || (tried < TRIES_MAX && left > 0) ? choose(failure == null) : null;
        if (next == null) {
            outcome.failed(Objects.requireNonNull(failure), last);
            return;
        }
        tried++;
        int others = 0;
        for (int i = position; i < endpoints.size() && others < TRIES_MAX - tried; i++) {
            others += candidate(i).isLeftOut() ? 0 : 1;
        }
        open(on, next, next.address(), left / (1 + others));
    }

    /** The next in turn to which connects have not failed lately; null if there is none, unless there must be one. */
    private @Nullable Endpoint choose(boolean must) {
        long now = nanoTime();
        while (position < endpoints.size()) {
            Endpoint each = candidate(position++);
            if (each.admits(now)) {
                return each;
            }
        }
        if (!must) {
            return null;
        }
        Endpoint oldest = candidate(0);
        for (Endpoint each : endpoints) {
            oldest = each.compareLastFailure(oldest) < 0 ? each : oldest;
        }
        return oldest;
    }

    private Endpoint candidate(int place) {
        return endpoints.get((first + place) % endpoints.size());
    }

    private void open(Loop on, Endpoint to, SocketAddress address, long nanos) {
        if (!server.isConnectable()) { // since it was chosen: for example the name server's answer took its time
            outcome.failed(new ServerClosedException(server), null);
            return;
        }
        if (!env.fds().connect()) {
            outcome.failed(
                    new IOException("cannot connect to " + server + ": all fds are in use; raise the limit: ulimit -n"),
                    null);
            return;
        }
        long openedNanos = nanoTime();
        // 0 would mean "no timeout" to the channel; a literal address with a timeout of 1 ms must not end here.
        int timeoutMillis = (int) Math.min(Integer.MAX_VALUE, Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos)));
        MovableChannel channel;
        ClientHandshake handshake = null;
        try {
            channel = env.opener().open(plugin);
            channel.config().setConnectTimeoutMillis(timeoutMillis);
            channel.config().setTcpNoDelay(true);
            if (firstBytes != null) {
                channel.pipeline().addLast(new FirstBytes(firstBytes));
            }
            if (offer == null) {
                channel.pipeline().addLast(initializer);
            } else {
                handshake = offer.begin(channel, server.toString(), server.host(), server.index(), initializer);
            }
        } catch (Throwable t) { // after a name server's answer only this can tell the handler
            env.fds().disconnect();
            outcome.failed(new IOException("cannot connect to " + server + ": " + t, t), null);
            return;
        }
        Opened opened = new Opened(channel, handshake, to, address, openedNanos, nanos);
        on.eventLoop().register(channel).addListener((ChannelFuture registered) -> {
            if (registered.isSuccess()) {
                channel.connect(address).addListener((ChannelFuture connected) -> finish(opened, connected));
            } else {
                finish(opened, registered);
            }
        });
    }

    /**
     * One address that is tried.
     *
     * @param handshake null without TLS
     * @param openedNanos when it was begun
     * @param nanos how long it may take
     */
    private record Opened(
            MovableChannel channel,
            @Nullable ClientHandshake handshake,
            Endpoint to,
            SocketAddress address,
            long openedNanos,
            long nanos) {}

    private void finish(Opened opened, ChannelFuture last) {
        MovableChannel channel = opened.channel;
        Throwable cause = last.cause();
        if (cause != null) {
            channel.close();
            env.fds().disconnect();
            failed(opened, cause);
            return;
        }
        // Nothing of the attempt, whose outcome may hold an exchange: connections outlive it.
        FdBudget fds = env.fds();
        channel.closeFuture().addListener(closed -> fds.disconnect());
        try {
            FirstBytes.send(channel);
        } catch (Throwable t) { // for example short of memory: only this can tell the handler
            channel.close();
            outcome.failed(new IOException("cannot send the first bytes to " + server + ": " + t, t), channel);
            return;
        }
        ClientHandshake handshake = opened.handshake;
        if (handshake == null) {
            done(opened);
            return;
        }
        handshake.await(channel, opened.nanos - (nanoTime() - opened.openedNanos), new ClientHandshake.Outcome() {
            @Override
            public void done() {
                if (handshake.isCurrent()) {
                    ConnectAttempt.this.done(opened);
                } else { // what it was begun with was replaced meanwhile
                    stale();
                }
            }

            @Override
            public void stale() {
                channel.close();
                open(here(), opened.to, opened.address, leftNanos());
            }

            @Override
            public void failed(IOException cause) {
                channel.close();
                ConnectAttempt.this.failed(opened, cause);
            }
        });
    }

    private void done(Opened opened) {
        if (endpoints.size() > 1) {
            opened.to.connected();
        }
        outcome.connected(opened.channel, opened.to);
    }

    /** The channel is closed, or about to be. */
    private void failed(Opened opened, Throwable cause) {
        if (!again && isOutOfFds(cause) && env.fds().closeIdle()) {
            again = true;
            open(here(), opened.to, opened.address, leftNanos());
        } else if (endpoints.size() > 1 && isOfTheAddress(cause)) {
            opened.to.failed(opened.openedNanos, nanoTime(), cause);
            tryNext(here(), cause, opened.channel);
        } else {
            outcome.failed(cause, opened.channel);
        }
    }

    /** The loop that owns the connection, which is another one after a rescue: the first may be blocked. */
    private Loop here() {
        Loop current = env.loops().current();
        return current == null ? loop : current;
    }

    /** Whether another address may do better: not where this process lacks something, or ends. */
    private static boolean isOfTheAddress(Throwable cause) {
        if (Backoff.isTheServers(cause)) {
            return true;
        }
        return cause instanceof PosixException posix
                && switch (posix.errno()) {
                    case Errno.EAFNOSUPPORT, Errno.EADDRNOTAVAIL, Errno.EACCES, Errno.EPERM, Errno.EINVAL -> true;
                    default -> false;
                };
    }

    private static boolean isOutOfFds(Throwable cause) {
        return cause instanceof PosixException failed
                && (failed.errno() == Errno.EMFILE || failed.errno() == Errno.ENFILE);
    }

    private long leftNanos() {
        return timeoutNanos - (nanoTime() - startedNanos);
    }

    private long nanoTime() {
        return loop.eventLoop().ticker().nanoTime();
    }

    private ConnectTimeoutException timeout(String why) {
        return new ConnectTimeoutException("cannot connect to " + server + " within "
                + TimeUnit.NANOSECONDS.toMillis(timeoutNanos) + "ms: " + why);
    }
}
