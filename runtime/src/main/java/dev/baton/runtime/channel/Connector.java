package dev.baton.runtime.channel;

import dev.baton.runtime.posix.SocketAddresses;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.poller.Interest;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.Sockets;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelPromise;
import io.netty.channel.ConnectTimeoutException;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.ConnectException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ConnectionPendingException;
import java.nio.channels.UnresolvedAddressException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * How a stream channel gets its socket: made at bind or connect, when the address family is known, and connected
 * without waiting. Everything by the channel's holder.
 */
final class Connector {
    private final FdStreamChannel channel;
    private @Nullable ChannelPromise promise;
    private @Nullable SocketAddress target;
    private @Nullable Future<?> timeout;
    /** The socket was bound to any address before it was known where it is to connect to. */
    private boolean both;

    Connector(FdStreamChannel channel) {
        this.channel = channel;
    }

    boolean isConnecting() {
        return promise != null;
    }

    void bind(SocketAddress address) throws IOException {
        both = channel.fd() == null && AnyAddress.isBoth(address);
        Fd fd = socketFor(address);
        if (both) {
            AnyAddress.widen(channel.env.posix(), fd.number());
        }
        int result = channel.env.posix().bind(fd.number(), toBind(fd, address));
        if (result < 0) {
            throw dev.baton.spi.posix.PosixException.of("bind", address, result);
        }
    }

    void connect(SocketAddress remote, @Nullable SocketAddress local, ChannelPromise connectPromise) {
        FdStreamChannel.StreamUnsafe unsafe = (FdStreamChannel.StreamUnsafe) channel.ownUnsafe();
        if (promise != null) {
            connectPromise.tryFailure(new ConnectionPendingException());
            return;
        }
        boolean wasActive = channel.isActive();
        try {
            if (start(remote, local)) {
                channel.connected(remote);
                channel.poll(channel.idleInterest());
                unsafe.fulfill(connectPromise, wasActive);
                return;
            }
            promise = connectPromise;
            target = remote;
            channel.poll(channel.edgeTriggered() ? Interest.IN | Interest.OUT : Interest.OUT);
            armTimeout(remote);
            connectPromise.addListener((ChannelFutureListener) done -> {
                if (done.isCancelled()) {
                    disarm();
                    promise = null;
                    channel.closeQuietly();
                }
            });
        } catch (Throwable t) { // as Netty does: whatever it was, the promise tells it
            promise = null;
            disarm();
            connectPromise.tryFailure(t);
            channel.closeQuietly();
        }
    }

    /** True if it is connected already. */
    private boolean start(SocketAddress remote, @Nullable SocketAddress local) throws IOException {
        if (remote instanceof InetSocketAddress inet && inet.isUnresolved()) {
            throw new UnresolvedAddressException();
        }
        Fd fd = socketFor(remote);
        if (local != null) {
            int result = channel.env.posix().bind(fd.number(), toBind(fd, local));
            if (result < 0) {
                throw dev.baton.spi.posix.PosixException.of("bind", local, result);
            }
        }
        int result = channel.env.posix().connect(fd.number(), toConnect(fd, remote));
        if (result == 0) {
            return true;
        }
        if (result == -Errno.EINPROGRESS || result == -Errno.EINTR) {
            return false;
        }
        throw connectError(remote, -result);
    }

    private Fd socketFor(SocketAddress address) throws IOException {
        Fd existing = channel.fd();
        if (existing != null) {
            return existing;
        }
        int family = family(address);
        int number = both
                ? AnyAddress.socket(channel.env.posix(), Sockets.SOCK_STREAM)
                : channel.env.posix().socket(family, Sockets.SOCK_STREAM, 0);
        if (number < 0) {
            throw FdChannel.error("create a socket", number);
        }
        Fd fd = channel.insert(number);
        channel.streamConfig()
                .applyTo(channel.env.posix(), number, family != Sockets.AF_UNIX, StreamConfig.FRESH_NO_DELAY);
        return fd;
    }

    /** Any address is that of the socket's family. */
    private SocketAddress toBind(Fd fd, SocketAddress address) {
        return address instanceof InetSocketAddress inet && AnyAddress.isBoth(inet)
                ? AnyAddress.suited(inet, AnyAddress.isIpv6(channel.env.posix(), fd.number()))
                : address;
    }

    private SocketAddress toConnect(Fd fd, SocketAddress address) {
        return both && address instanceof InetSocketAddress inet && AnyAddress.isIpv6(channel.env.posix(), fd.number())
                ? SocketAddresses.forBoth(inet)
                : address;
    }

    static int family(SocketAddress address) {
        if (address instanceof InetSocketAddress inet) {
            return inet.getAddress() instanceof Inet6Address ? Sockets.AF_INET6 : Sockets.AF_INET;
        }
        if (address instanceof UnixDomainSocketAddress || address instanceof dev.baton.spi.posix.AbstractUnixAddress) {
            return Sockets.AF_UNIX;
        }
        throw new IllegalArgumentException("cannot make a socket for " + address + " (" + address.getClass() + ")");
    }

    private void armTimeout(SocketAddress remote) {
        int millis = channel.config().getConnectTimeoutMillis();
        if (millis > 0) {
            timeout = channel.eventLoop()
                    .schedule(
                            () -> {
                                // A loop that stood still finds its timers due before it has polled, and so does one
                                // that rescues from it: what has come meanwhile is looked at first.
                                if (promise != null) {
                                    timeout = channel.eventLoop()
                                            .schedule(() -> timedOut(remote, millis), 0, TimeUnit.MILLISECONDS);
                                }
                            },
                            millis,
                            TimeUnit.MILLISECONDS);
        }
    }

    private void timedOut(SocketAddress remote, int millis) {
        ChannelPromise waiting = promise;
        if (waiting != null) {
            promise = null;
            waiting.tryFailure(
                    new ConnectTimeoutException("cannot connect to " + remote + ": no answer in " + millis + "ms"));
            channel.closeQuietly();
        }
    }

    private void disarm() {
        Future<?> armed = timeout;
        if (armed != null) {
            timeout = null;
            armed.cancel(false);
        }
    }

    /** The poller says that the connect has ended. */
    void finish() {
        ChannelPromise waiting = promise;
        SocketAddress remote = target;
        if (waiting == null || remote == null) {
            return;
        }
        int error = channel.env.posix().socketError(channel.live().number());
        promise = null;
        disarm();
        if (error != 0) {
            waiting.tryFailure(connectError(remote, Math.abs(error)));
            channel.closeQuietly();
            return;
        }
        channel.connected(remote);
        if (!channel.edgeTriggered()) {
            channel.arm(channel.idleInterest()); // reading is asked for when the channel begins to read
        }
        ((FdStreamChannel.StreamUnsafe) channel.ownUnsafe()).fulfill(waiting, false);
    }

    /** The channel was closed while connecting. */
    void closed() {
        disarm();
        ChannelPromise waiting = promise;
        if (waiting != null) {
            promise = null;
            waiting.tryFailure(new ClosedChannelException());
        }
    }

    private static IOException connectError(SocketAddress remote, int errno) {
        String message = dev.baton.spi.posix.PosixException.of("connect to", remote, -errno)
                .getMessage();
        return switch (errno) {
            case Errno.ECONNREFUSED -> new ConnectException(message);
            case Errno.EHOSTUNREACH, Errno.ENETUNREACH -> new NoRouteToHostException(message);
            case Errno.ETIMEDOUT -> new ConnectTimeoutException(message);
            default -> dev.baton.spi.posix.PosixException.of("connect to", remote, -errno);
        };
    }
}
