package dev.baton.runtime.channel;

import dev.baton.spi.fd.FdKind;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.Sockets;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DuplexChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NotYetConnectedException;
import org.jspecify.annotations.Nullable;

/** What Netty asks of a stream socket beside reading and writing: to shut one of its directions. */
abstract class HalfCloseChannel extends FdChannel implements DuplexChannel {
    volatile boolean inputShutdown;
    volatile boolean outputShutdown;

    HalfCloseChannel(@Nullable Channel parent, @Nullable ChannelEnv env, FdKind kind) {
        super(parent, env, kind);
    }

    @Override
    protected void doShutdownOutput() throws Exception {
        shutdown(Sockets.SHUT_WR, "shut down the output of");
        outputShutdown = true;
    }

    /** @throws NotYetConnectedException where Netty's own transports throw it */
    private void shutdown(int how, String action) throws IOException {
        if (!isOpen()) {
            throw new ClosedChannelException();
        }
        if (!isActive()) {
            throw new NotYetConnectedException();
        }
        if (!enterSocket()) {
            throw new ClosedChannelException(); // deleted from outside, and not told yet
        }
        try {
            int result = env.posix().shutdown(live().number(), how);
            // The peer has reset the connection: there is nothing left to shut, and the next event tells.
            if (result < 0 && result != -Errno.ENOTCONN) {
                throw error(action, result);
            }
        } finally {
            leave();
        }
    }

    @Override
    public boolean isInputShutdown() {
        return inputShutdown || !isOpen();
    }

    @Override
    public boolean isOutputShutdown() {
        return outputShutdown || !isOpen();
    }

    @Override
    public boolean isShutdown() {
        return isInputShutdown() && isOutputShutdown();
    }

    @Override
    public ChannelFuture shutdownInput() {
        return shutdownInput(newPromise());
    }

    @Override
    public ChannelFuture shutdownInput(ChannelPromise promise) {
        return inLoop(promise, () -> {
            try {
                shutdown(Sockets.SHUT_RD, "shut down the input of");
            } catch (IOException | NotYetConnectedException e) {
                promise.setFailure(e);
                return;
            }
            inputShutdown = true;
            promise.setSuccess();
        });
    }

    @Override
    public ChannelFuture shutdownOutput() {
        return shutdownOutput(newPromise());
    }

    @Override
    public ChannelFuture shutdownOutput(ChannelPromise promise) {
        return inLoop(promise, () -> endOutput(promise));
    }

    @Override
    public ChannelFuture shutdown() {
        return shutdown(newPromise());
    }

    @Override
    public ChannelFuture shutdown(ChannelPromise promise) {
        return inLoop(promise, () -> {
            ChannelPromise output = newPromise();
            endOutput(output);
            output.addListener(done -> {
                if (done.isSuccess()) {
                    shutdownInput(promise);
                } else {
                    promise.setFailure(done.cause());
                }
            });
        });
    }

    /** Netty's own, which {@link #unsafe} of a channel that moves hides until it is registered. */
    final AbstractUnsafe ownUnsafe() {
        return (AbstractUnsafe) super.unsafe();
    }

    private void endOutput(ChannelPromise promise) {
        OutputEnd last = hasAttr(OutputEnd.KEY) ? attr(OutputEnd.KEY).getAndSet(null) : null;
        if (last == null) {
            ownUnsafe().shutdownOutput(promise);
        } else {
            last.say().addListener(said -> inLoop(promise, () -> ownUnsafe().shutdownOutput(promise)));
        }
    }

    private ChannelFuture inLoop(ChannelPromise promise, Runnable action) {
        EventLoop loop = eventLoop();
        Runnable entered = () -> {
            if (!enter()) {
                promise.setFailure(new ClosedChannelException());
                return;
            }
            try {
                action.run();
            } finally {
                leave();
            }
        };
        if (loop.inEventLoop()) {
            entered.run();
        } else {
            loop.execute(entered);
        }
        return promise;
    }

    /** For those that have internet addresses and no others. */
    static @Nullable InetSocketAddress inet(@Nullable SocketAddress address) {
        return address instanceof InetSocketAddress inet ? inet : null;
    }
}
