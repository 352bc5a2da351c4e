package dev.baton.testkit.sim;

import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.SocketOptions;
import dev.baton.spi.posix.Sockets;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The network around the process under test: who is bound where, and the ends that belong to others. Those have no
 * numbers in the process, so that they never disturb which number is free.
 */
public final class SimNetwork {
    private static final int FIRST_EPHEMERAL_PORT = 40_000;

    private final SimPosix kernel;
    private final List<StreamSocket> bound = new ArrayList<>();
    private int nextPort = FIRST_EPHEMERAL_PORT;

    SimNetwork(SimPosix kernel) {
        this.kernel = kernel;
    }

    // ---- the process's sockets ------------------------------------------------------------------------------------

    int bind(StreamSocket socket, SocketAddress address) {
        SocketAddress wanted = address;
        if (address instanceof InetSocketAddress inet) {
            if (inet.isUnresolved()) {
                return -Errno.EINVAL;
            }
            if (inet.getPort() == 0) {
                wanted = new InetSocketAddress(inet.getAddress(), nextPort++);
            }
        }
        for (StreamSocket each : bound) {
            boolean reuse = each.state != StreamSocket.State.LISTENING && reuses(each) && reuses(socket);
            if (overlap(each.local, wanted) && !reuse) {
                return -Errno.EADDRINUSE;
            }
        }
        socket.local = wanted;
        bound.add(socket);
        return 0;
    }

    private static boolean reuses(StreamSocket socket) {
        return socket.options.getOrDefault(SimPosix.optionKey(SocketOptions.SOL_SOCKET, SocketOptions.SO_REUSEADDR), 0)
                != 0;
    }

    private static boolean overlap(@Nullable SocketAddress a, SocketAddress b) {
        if (a instanceof InetSocketAddress one && b instanceof InetSocketAddress other) {
            return one.getPort() == other.getPort()
                    && (one.getAddress().equals(other.getAddress())
                            || one.getAddress().isAnyLocalAddress()
                            || other.getAddress().isAnyLocalAddress());
        }
        return b.equals(a);
    }

    void unbind(StreamSocket socket) {
        bound.remove(socket);
    }

    int listen(StreamSocket socket, int backlog) {
        for (StreamSocket each : bound) {
            if (each != socket
                    && socket.local != null
                    && overlap(each.local, socket.local)
                    && each.state == StreamSocket.State.LISTENING) {
                return -Errno.EADDRINUSE;
            }
        }
        socket.backlogMax = backlog;
        socket.state = StreamSocket.State.LISTENING;
        return 0;
    }

    int connect(StreamSocket socket, SocketAddress address) {
        if (socket.state != StreamSocket.State.FRESH) {
            return socket.state == StreamSocket.State.CONNECTING ? -Errno.EALREADY : -Errno.EISCONN;
        }
        if (socket.local == null && address instanceof InetSocketAddress inet) {
            socket.local = new InetSocketAddress(inet.getAddress(), nextPort++);
        }
        socket.remote = address;
        StreamSocket listener = listener(address);
        if (listener == null) {
            if (!socket.isTcp()) {
                return -Errno.ECONNREFUSED;
            }
            socket.state = StreamSocket.State.CONNECTING;
            socket.refuse();
            return -Errno.EINPROGRESS;
        }
        if (!socket.isTcp() && listener.backlog.size() > listener.backlogMax) {
            return -Errno.EAGAIN;
        }
        listener.knock(socket);
        // Over TCP the outcome is told later even where it is known: so does the kernel's loopback.
        return socket.isTcp() ? -Errno.EINPROGRESS : 0;
    }

    private @Nullable StreamSocket listener(SocketAddress address) {
        for (StreamSocket each : bound) {
            if (each.state == StreamSocket.State.LISTENING && overlap(each.local, address)) {
                return each;
            }
        }
        return null;
    }

    /** True if somebody is bound to an address. */
    public boolean isBound(SocketAddress address) {
        for (StreamSocket each : bound) {
            if (overlap(each.local, address)) {
                return true;
            }
        }
        return false;
    }

    // ---- the others -----------------------------------------------------------------------------------------------

    /** An address of the network with a port. */
    public static InetSocketAddress address(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    /** Somebody else's server. */
    public SimServer listen(int port) {
        return listen(port, 128);
    }

    /** Somebody else's server, which keeps so many connections until they are accepted, and one more. */
    public SimServer listen(int port, int backlog) {
        StreamSocket socket = kernel.fresh(Sockets.AF_INET);
        if (bind(socket, address(port)) < 0 || listen(socket, backlog) < 0) {
            throw new AssertionError("port " + port + " is in use");
        }
        return new SimServer(this, socket);
    }

    /** A client outside the process, which connects at once. Null if nothing listens. */
    public @Nullable SimPeer tryConnect(SocketAddress address) {
        point("peer.connect");
        StreamSocket socket = kernel.fresh(Sockets.AF_INET);
        connect(socket, address);
        if (socket.state == StreamSocket.State.BROKEN) {
            socket.release();
            return null;
        }
        return new SimPeer(this, socket);
    }

    /** Somebody else's client, which connects at once. */
    public SimPeer connect(SocketAddress address) {
        SimPeer peer = tryConnect(address);
        if (peer == null) {
            throw new AssertionError("nobody listens on " + address);
        }
        return peer;
    }

    void point(String label) {
        kernel.simulation().point(label);
    }

    boolean await(String label, BooleanSupplier condition, Duration limit) {
        return kernel.simulation().await(label, condition, limit);
    }

    void await(String label, BooleanSupplier condition) {
        kernel.simulation().await(label, condition);
    }
}
