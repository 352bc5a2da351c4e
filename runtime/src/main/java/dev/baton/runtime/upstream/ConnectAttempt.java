package dev.baton.runtime.upstream;

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
 * One attempt to connect: find the server, register a channel with the loop, connect it, and where a name has more
 * addresses go on to the next if that fails, all within one timeout; its outcome is told once.
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
     * @param initializer makes its pipeline
     */
    ConnectAttempt(
            UpstreamEnv env,
            String plugin,
            LiveServer server,
            Loop loop,
            byte @Nullable [] firstBytes,
            ChannelHandler initializer,
            long timeoutNanos,
            Outcome outcome) {
        this.env = env;
        this.plugin = plugin;
        this.server = server;
        this.loop = loop;
        this.firstBytes = firstBytes;
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
        try {
            channel = env.opener().open(plugin);
            channel.config().setConnectTimeoutMillis(timeoutMillis);
            channel.config().setTcpNoDelay(true);
            if (firstBytes != null) {
                channel.pipeline().addLast(new FirstBytes(firstBytes));
            }
            channel.pipeline().addLast(initializer);
        } catch (Throwable t) { // after a name server's answer only this can tell the handler
            env.fds().disconnect();
            outcome.failed(new IOException("cannot connect to " + server + ": " + t, t), null);
            return;
        }
        on.eventLoop().register(channel).addListener((ChannelFuture registered) -> {
            if (registered.isSuccess()) {
                channel.connect(address)
                        .addListener((ChannelFuture connected) -> finish(channel, to, address, openedNanos, connected));
            } else {
                finish(channel, to, address, openedNanos, registered);
            }
        });
    }

    private void finish(
            MovableChannel channel, Endpoint to, SocketAddress address, long openedNanos, ChannelFuture last) {
        Throwable cause = last.cause();
        if (cause == null) {
            channel.closeFuture().addListener(closed -> env.fds().disconnect());
            if (endpoints.size() > 1) {
                to.connected();
            }
            try {
                FirstBytes.send(channel);
            } catch (Throwable t) { // for example short of memory: only this can tell the handler
                channel.close();
                outcome.failed(new IOException("cannot send the first bytes to " + server + ": " + t, t), channel);
                return;
            }
            outcome.connected(channel, to);
            return;
        }
        channel.close();
        env.fds().disconnect();
        // The loop that owned the connection, which is another one after a rescue: the first may be blocked.
        Loop on = env.loops().current() == null ? loop : env.loops().current();
        if (!again && isOutOfFds(cause) && env.fds().closeIdle()) {
            again = true;
            open(on, to, address, leftNanos());
        } else if (endpoints.size() > 1 && isOfTheAddress(cause)) {
            to.failed(openedNanos, nanoTime(), cause);
            tryNext(on, cause, channel);
        } else {
            outcome.failed(cause, channel);
        }
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
