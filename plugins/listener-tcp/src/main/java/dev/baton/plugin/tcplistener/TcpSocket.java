package dev.baton.plugin.tcplistener;

import static dev.baton.spi.posix.SocketOptions.IPV6_V6ONLY;
import static dev.baton.spi.posix.Sockets.IPPROTO_IPV6;

import dev.baton.spi.listener.BoundSocket;
import dev.baton.spi.listener.ListenerEndpoint;
import dev.baton.spi.posix.SocketCalls;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Optional;

/**
 * A bound TCP socket.
 *
 * <p>New connections are refused by a filter on the listening socket that drops SYN: what is in the queue stays there,
 * a handshake that has begun can end, and a client that comes now tries again within a second, by when another process
 * may listen, or the kernel refuses it. Connections that are accepted under the filter keep it, which changes nothing
 * for them.
 *
 * @param number the kernel's number
 * @param host the real host, as a {@code bind} has it: {@code *}, an IPv4 address, or an IPv6 address in brackets
 * @param port the real port
 */
record TcpSocket(int number, String host, int port, SocketCalls calls) implements BoundSocket {

    /** What is bound to a number. */
    static TcpSocket of(int number, SocketCalls calls) throws IOException {
        SocketAddress local = calls.localAddress(number);
        if (!(local instanceof InetSocketAddress inet) || inet.getAddress() == null) {
            throw new IOException("cannot tell the address of a tcp listener: it is bound to " + local);
        }
        InetAddress address = inet.getAddress();
        String host = NetUtil.toAddressString(address);
        if (address instanceof Inet6Address) {
            boolean every = address.isAnyLocalAddress() && calls.intOption(number, IPPROTO_IPV6, IPV6_V6ONLY) == 0;
            host = every ? TcpEndpoint.EVERY : "[" + host + "]";
        }
        return new TcpSocket(number, host, inet.getPort(), calls);
    }

    @Override
    public String address() {
        return host + ":" + port;
    }

    @Override
    public Optional<ListenerEndpoint> again() {
        return Optional.of(TcpEndpoint.parse(address()));
    }

    @Override
    public boolean refuse() {
        return SynFilter.attach(number, calls) >= 0;
    }

    @Override
    public int queued() {
        return TcpQueues.waiting(number, calls);
    }

    @Override
    public int handshakes() {
        return TcpQueues.handshakes(port);
    }
}
