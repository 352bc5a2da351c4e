package dev.baton.runtime.channel;

import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.posix.PeerAddress;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.poller.Interest;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.posix.SocketOptions;
import dev.baton.spi.posix.Sockets;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.ServerChannel;
import io.netty.util.NetUtil;
import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A listening socket of one loop, as Netty and Vert.x know it: accepts and fires the connections through its pipeline.
 * Baton's own listeners are shared by loops and are not channels.
 */
public final class FdServerChannel extends FdChannel implements ServerChannel {
    private static final ChannelMetadata METADATA = new ChannelMetadata(false, 16);
    /** Accepts a turn: the rest waits for the next one, so that a burst does not starve the loop's connections. */
    private static final int ACCEPTS_MAX = 16;
    /** How long to pause when the process has no fds left. */
    private static final long PAUSE_MS = 100;

    private final ServerConfig config = new ServerConfig(this);
    private volatile @Nullable SocketAddress local;
    private volatile boolean active;
    private boolean readPending;
    private boolean acceptable;
    private final Runnable acceptAgain = this::acceptAgain;

    /** A server channel without a socket: bind it. */
    public FdServerChannel(ChannelEnv env) {
        super(null, env, FdKind.LISTENER);
    }

    @Override
    protected void doBind(SocketAddress address) throws Exception {
        if (!enterSocket()) {
            throw new java.nio.channels.ClosedChannelException();
        }
        try {
            int family = Connector.family(address);
            int number = env.posix().socket(family, Sockets.SOCK_STREAM, 0);
            if (number < 0) {
                throw error("create a socket", number);
            }
            insert(number);
            check(
                    "set SO_REUSEADDR",
                    env.posix()
                            .setIntOption(
                                    number,
                                    SocketOptions.SOL_SOCKET,
                                    SocketOptions.SO_REUSEADDR,
                                    config.reuseAddress ? 1 : 0));
            if (family != Sockets.AF_UNIX) {
                // What is accepted inherits it: one call here saves one for each connection.
                check(
                        "set TCP_NODELAY",
                        env.posix().setIntOption(number, Sockets.IPPROTO_TCP, SocketOptions.TCP_NODELAY, 1));
            }
            int bound = env.posix().bind(number, address);
            if (bound < 0) {
                throw bindError(address, bound);
            }
            check("listen", env.posix().listen(number, config.backlog));
            local = env.posix().localAddress(number);
            poll(edgeTriggered() ? Interest.IN : 0);
            active = true;
        } catch (Exception e) {
            closeQuietly();
            throw e;
        } finally {
            leave();
        }
    }

    private static Exception bindError(SocketAddress address, int result) {
        PosixException cause = PosixException.of("bind tcp", address, result);
        java.net.BindException wrapped = new java.net.BindException(cause.getMessage());
        wrapped.initCause(cause);
        return wrapped;
    }

    private static void check(String action, int result) throws java.io.IOException {
        if (result < 0) {
            throw error(action, result);
        }
    }

    @Override
    void ready(BatonLoop loop, int ready) {
        acceptable = true;
        if (wantsAccept()) {
            accept();
        } else if (!edgeTriggered()) {
            arm(0);
        }
    }

    private boolean wantsAccept() {
        return active && (readPending || config.isAutoRead());
    }

    private void accept() {
        readPending = false;
        PeerAddress peer = Peers.mine();
        int listening = live().number();
        for (int i = 0; i < ACCEPTS_MAX && acceptable && isLive(); i++) {
            int number = env.posix().accept(listening, peer);
            if (number >= 0) {
                pipeline().fireChannelRead(new PinnedSocketChannel(this, env, number, peer.address()));
            } else if (number == -Errno.EAGAIN) {
                acceptable = false;
            } else if (outOfFds(number)) {
                pause();
                break;
            } else if (number != -Errno.ECONNABORTED && number != -Errno.EINTR) {
                acceptable = false;
                pipeline().fireExceptionCaught(error("accept", number));
            }
        }
        pipeline().fireChannelReadComplete();
        if (acceptable && wantsAccept()) {
            later(acceptAgain);
        }
    }

    private static boolean outOfFds(int result) {
        return result == -Errno.EMFILE
                || result == -Errno.ENFILE
                || result == -Errno.ENOBUFS
                || result == -Errno.ENOMEM;
    }

    /** Nothing spins: a level is disarmed, an edge has been seen, a timer tries again. */
    private void pause() {
        acceptable = false;
        if (!edgeTriggered()) {
            arm(0);
        }
        homeLoop()
                .schedule(
                        () -> later(() -> {
                            acceptable = true;
                            acceptAgain();
                        }),
                        PAUSE_MS,
                        TimeUnit.MILLISECONDS);
    }

    private void acceptAgain() {
        if (acceptable && wantsAccept()) {
            accept();
        }
    }

    @Override
    protected void doBeginRead() {
        readPending = true;
        if (acceptable) {
            later(acceptAgain);
        }
        if (!edgeTriggered() && fd() != null && enter()) {
            try {
                arm(Interest.IN);
            } finally {
                leave();
            }
        }
    }

    @Override
    protected void doClose() throws Exception {
        active = false;
        super.doClose();
    }

    @Override
    public boolean isActive() {
        return active;
    }

    @Override
    public ChannelMetadata metadata() {
        return METADATA;
    }

    @Override
    public DefaultChannelConfig config() {
        return config;
    }

    @Override
    protected @Nullable SocketAddress localAddress0() {
        return local;
    }

    @Override
    protected @Nullable SocketAddress remoteAddress0() {
        return null;
    }

    @Override
    protected AbstractUnsafe newUnsafe() {
        return new AbstractUnsafe() {
            @Override
            public void connect(SocketAddress remote, @Nullable SocketAddress localAddress, ChannelPromise promise) {
                promise.tryFailure(new UnsupportedOperationException("a server channel cannot connect"));
            }
        };
    }

    @Override
    protected void doDisconnect() {
        throw new UnsupportedOperationException("a server channel has no peer");
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer out) {
        throw new UnsupportedOperationException("a server channel cannot be written to");
    }

    /** Options of a listening socket; they count at the bind. */
    private static final class ServerConfig extends DefaultChannelConfig {
        private volatile int backlog = NetUtil.SOMAXCONN;
        private volatile boolean reuseAddress = true;

        ServerConfig(FdServerChannel channel) {
            super(channel);
        }

        @SuppressWarnings("unchecked")
        @Override
        public <T> T getOption(ChannelOption<T> option) {
            if (option.equals(ChannelOption.SO_BACKLOG)) {
                return (T) Integer.valueOf(backlog);
            }
            if (option.equals(ChannelOption.SO_REUSEADDR)) {
                return (T) Boolean.valueOf(reuseAddress);
            }
            return super.getOption(option);
        }

        @Override
        public <T> boolean setOption(ChannelOption<T> option, T value) {
            validate(option, value);
            if (option.equals(ChannelOption.SO_BACKLOG)) {
                int wanted = (Integer) value;
                if (wanted < 0) {
                    throw new ChannelException("SO_BACKLOG " + wanted + ": must be 0 or more");
                }
                backlog = wanted;
                return true;
            }
            if (option.equals(ChannelOption.SO_REUSEADDR)) {
                reuseAddress = (Boolean) value;
                return true;
            }
            return super.setOption(option, value);
        }
    }
}
