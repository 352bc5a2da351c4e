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
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One attempt to connect: find the server, register a channel with the loop, connect it, all within one timeout; its
 * outcome is told once.
 *
 * <p>Until there is a channel everything runs on the loop that asked, so {@code lateness} needs no guard; afterwards the
 * channel's own promise tells the end, under a claim, on whichever loop owns the channel then.
 */
final class ConnectAttempt implements ServerLocator.Found {

    /** Is told the outcome, once. */
    interface Outcome {
        /** Under a claim on the channel, which the caller gives back. */
        void connected(MovableChannel channel);

        void failed(Throwable cause);
    }

    private final UpstreamEnv env;
    private final String plugin;
    private final String server;
    private final Loop loop;
    private final ChannelHandler initializer;
    private final long timeoutNanos;
    private final long startedNanos;
    private final Outcome outcome;
    private @Nullable Future<?> lateness;
    private boolean located;
    /** The kernel had no fd, and an idle connection was closed to make room. */
    private boolean again;

    ConnectAttempt(
            UpstreamEnv env,
            String plugin,
            String server,
            Loop loop,
            ChannelHandler initializer,
            long timeoutNanos,
            Outcome outcome) {
        this.env = env;
        this.plugin = plugin;
        this.server = server;
        this.loop = loop;
        this.initializer = initializer;
        this.timeoutNanos = timeoutNanos;
        this.outcome = outcome;
        this.startedNanos = nanoTime();
    }

    /** Starts. The caller is the loop's thread. */
    void start(ServerLocator locator) {
        assert loop.inLoop() : "connect is for the loop's own thread";
        locator.locate(loop, this);
        if (!located) {
            lateness = loop.eventLoop().schedule(this::tooLate, timeoutNanos, TimeUnit.NANOSECONDS);
        }
    }

    private void tooLate() {
        if (located()) {
            outcome.failed(timeout("no answer of the name server"));
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
            outcome.failed(cause);
        }
    }

    @Override
    public void at(SocketAddress address) {
        if (!located()) {
            return;
        }
        open(address);
    }

    private void open(SocketAddress address) {
        if (!env.fds().connect()) {
            outcome.failed(new IOException(
                    "cannot connect to " + server + ": all fds are in use; raise the limit: ulimit -n"));
            return;
        }
        long millisLeft = TimeUnit.NANOSECONDS.toMillis(timeoutNanos - (nanoTime() - startedNanos));
        // 0 would mean "no timeout" to the channel; a literal address with a timeout of 1 ms must not end here.
        int timeoutMillis = (int) Math.min(Integer.MAX_VALUE, Math.max(1, millisLeft));
        MovableChannel channel;
        try {
            channel = env.opener().open(plugin);
            channel.config().setConnectTimeoutMillis(timeoutMillis);
            channel.config().setTcpNoDelay(true);
            channel.pipeline().addLast(initializer);
        } catch (Throwable t) { // an Error too: after a name server's answer nobody else can tell the handler
            env.fds().disconnect();
            outcome.failed(new IOException("cannot connect to " + server + ": " + t, t));
            return;
        }
        loop.eventLoop().register(channel).addListener((ChannelFuture registered) -> {
            if (registered.isSuccess()) {
                channel.connect(address).addListener((ChannelFuture connected) -> finish(channel, address, connected));
            } else {
                finish(channel, address, registered);
            }
        });
    }

    private void finish(MovableChannel channel, SocketAddress address, ChannelFuture last) {
        Throwable cause = last.cause();
        if (cause == null) {
            channel.closeFuture().addListener(closed -> env.fds().disconnect());
            outcome.connected(channel);
            return;
        }
        channel.close();
        env.fds().disconnect();
        if (!again && isOutOfFds(cause) && env.fds().closeIdle()) {
            again = true;
            open(address);
        } else {
            outcome.failed(cause);
        }
    }

    private static boolean isOutOfFds(Throwable cause) {
        return cause instanceof PosixException failed
                && (failed.errno() == Errno.EMFILE || failed.errno() == Errno.ENFILE);
    }

    private long nanoTime() {
        return loop.eventLoop().ticker().nanoTime();
    }

    private ConnectTimeoutException timeout(String why) {
        return new ConnectTimeoutException("cannot connect to " + server + " within "
                + TimeUnit.NANOSECONDS.toMillis(timeoutNanos) + "ms: " + why);
    }
}
