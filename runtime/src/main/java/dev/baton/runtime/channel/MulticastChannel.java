package dev.baton.runtime.channel;

import dev.baton.spi.fd.FdKind;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.DatagramChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NotYetBoundException;
import org.jspecify.annotations.Nullable;

/**
 * The half of Netty's datagram channels that is about multicast groups. Each call may come from any thread and is done
 * on the channel's loop; what goes wrong fails its promise and nothing else. Where a call names no network interface it
 * is that of {@code IP_MULTICAST_IF}, or else the one of the address that the channel is bound to.
 */
abstract class MulticastChannel extends FdChannel implements DatagramChannel {

    MulticastChannel(@Nullable ChannelEnv env) {
        super(null, env, FdKind.DATAGRAM);
    }

    /** Holder: the address family of its socket. */
    abstract int family();

    private ChannelFuture change(
            Membership how,
            InetAddress group,
            @Nullable NetworkInterface network,
            @Nullable InetAddress source,
            ChannelPromise promise) {
        Runnable change = () -> changeNow(how, group, network, source, promise);
        if (eventLoop().inEventLoop()) {
            change.run();
        } else {
            eventLoop().execute(change);
        }
        return promise;
    }

    private void changeNow(
            Membership how,
            InetAddress group,
            @Nullable NetworkInterface network,
            @Nullable InetAddress source,
            ChannelPromise promise) {
        if (!enterSocket()) {
            promise.tryFailure(new ClosedChannelException());
            return;
        }
        try {
            if (!isOpen()) {
                throw new ClosedChannelException();
            }
            if (fd() == null) {
                throw new NotYetBoundException();
            }
            how.apply(env.posix(), live().number(), family(), group, network == null ? ownNetwork() : network, source);
            promise.trySuccess();
        } catch (Exception e) {
            promise.tryFailure(e);
        } finally {
            leave();
        }
    }

    private @Nullable NetworkInterface ownNetwork() throws SocketException {
        NetworkInterface chosen = config().getNetworkInterface();
        InetSocketAddress local = localAddress();
        return chosen != null || local == null ? chosen : NetworkInterface.getByInetAddress(local.getAddress());
    }

    @Override
    public ChannelFuture joinGroup(InetAddress group) {
        return joinGroup(group, newPromise());
    }

    @Override
    public ChannelFuture joinGroup(InetAddress group, ChannelPromise promise) {
        return change(Membership.JOIN, group, null, null, promise);
    }

    @Override
    public ChannelFuture joinGroup(InetSocketAddress group, NetworkInterface network) {
        return joinGroup(group, network, newPromise());
    }

    @Override
    public ChannelFuture joinGroup(InetSocketAddress group, NetworkInterface network, ChannelPromise promise) {
        return change(Membership.JOIN, group.getAddress(), network, null, promise);
    }

    @Override
    public ChannelFuture joinGroup(InetAddress group, NetworkInterface network, @Nullable InetAddress source) {
        return joinGroup(group, network, source, newPromise());
    }

    @Override
    public ChannelFuture joinGroup(
            InetAddress group, NetworkInterface network, @Nullable InetAddress source, ChannelPromise promise) {
        return change(Membership.JOIN, group, network, source, promise);
    }

    @Override
    public ChannelFuture leaveGroup(InetAddress group) {
        return leaveGroup(group, newPromise());
    }

    @Override
    public ChannelFuture leaveGroup(InetAddress group, ChannelPromise promise) {
        return change(Membership.LEAVE, group, null, null, promise);
    }

    @Override
    public ChannelFuture leaveGroup(InetSocketAddress group, NetworkInterface network) {
        return leaveGroup(group, network, newPromise());
    }

    @Override
    public ChannelFuture leaveGroup(InetSocketAddress group, NetworkInterface network, ChannelPromise promise) {
        return change(Membership.LEAVE, group.getAddress(), network, null, promise);
    }

    @Override
    public ChannelFuture leaveGroup(InetAddress group, NetworkInterface network, @Nullable InetAddress source) {
        return leaveGroup(group, network, source, newPromise());
    }

    @Override
    public ChannelFuture leaveGroup(
            InetAddress group, NetworkInterface network, @Nullable InetAddress source, ChannelPromise promise) {
        return change(Membership.LEAVE, group, network, source, promise);
    }

    @Override
    public ChannelFuture block(InetAddress group, NetworkInterface network, InetAddress source) {
        return block(group, network, source, newPromise());
    }

    @Override
    public ChannelFuture block(
            InetAddress group, NetworkInterface network, InetAddress source, ChannelPromise promise) {
        return change(Membership.BLOCK, group, network, source, promise);
    }

    @Override
    public ChannelFuture block(InetAddress group, InetAddress source) {
        return block(group, source, newPromise());
    }

    @Override
    public ChannelFuture block(InetAddress group, InetAddress source, ChannelPromise promise) {
        return change(Membership.BLOCK, group, null, source, promise);
    }

    // ---- addresses ------------------------------------------------------------------------------------------------

    @Override
    public @Nullable InetSocketAddress localAddress() {
        return (InetSocketAddress) super.localAddress();
    }

    @Override
    public @Nullable InetSocketAddress remoteAddress() {
        return (InetSocketAddress) super.remoteAddress();
    }
}
