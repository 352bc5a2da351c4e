package dev.baton.testkit.world;

import dev.baton.spi.listener.BoundSocket;
import dev.baton.spi.listener.InvalidBindException;
import dev.baton.spi.listener.ListenerEndpoint;
import dev.baton.spi.listener.ListenerKind;
import dev.baton.spi.listener.SocketSettings;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.posix.SocketCalls;
import dev.baton.spi.posix.SocketOptions;
import dev.baton.spi.posix.Sockets;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Optional;
import java.util.regex.Pattern;

/** Listens on a port of 127.0.0.1 and nowhere else: where a test brings no kind of its own. */
final class LoopbackKind implements ListenerKind {
    private static final String HOST = "127.0.0.1:";
    private static final Pattern PORT = Pattern.compile("\\d{1,5}");
    private static final int PORT_MAX = 65_535;

    @Override
    public String name() {
        return "loopback";
    }

    @Override
    public boolean claims(String bind) {
        return bind.startsWith(HOST);
    }

    @Override
    public ListenerEndpoint parse(String bind) {
        String port = bind.substring(HOST.length());
        if (!PORT.matcher(port).matches() || Integer.parseInt(port) > PORT_MAX) {
            throw new InvalidBindException("'" + port + "' is no port");
        }
        return new Endpoint(Integer.parseInt(port));
    }

    private record Endpoint(int port) implements ListenerEndpoint {
        @Override
        public int socket(SocketCalls calls) throws IOException {
            return checked("create a socket for " + this, calls.socket(Sockets.AF_INET, Sockets.SOCK_STREAM, 0));
        }

        @Override
        public BoundSocket bind(int number, SocketSettings settings, SocketCalls calls) throws IOException {
            String what = "bind " + this;
            checked(what, calls.setIntOption(number, SocketOptions.SOL_SOCKET, SocketOptions.SO_REUSEADDR, 1));
            // What is accepted inherits it, and its channel's configuration says so from the beginning.
            checked(what, calls.setIntOption(number, Sockets.IPPROTO_TCP, SocketOptions.TCP_NODELAY, 1));
            InetAddress host = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
            checked(what, calls.bind(number, new InetSocketAddress(host, port)));
            return bound(number, calls);
        }

        @Override
        public BoundSocket adopt(int number, SocketSettings settings, SocketCalls calls) throws IOException {
            return bound(number, calls);
        }

        private static BoundSocket bound(int number, SocketCalls calls) throws IOException {
            SocketAddress local = calls.localAddress(number);
            if (local instanceof InetSocketAddress inet) {
                return new Bound(inet.getPort());
            }
            throw new IOException("cannot tell the address of a loopback listener: it is bound to " + local);
        }

        @Override
        public String toString() {
            return "loopback " + HOST + port;
        }
    }

    private record Bound(int port) implements BoundSocket {
        @Override
        public String address() {
            return HOST + port;
        }

        @Override
        public Optional<ListenerEndpoint> again() {
            return Optional.of(new Endpoint(port));
        }
    }

    private static int checked(String action, int result) throws PosixException {
        if (result < 0) {
            throw PosixException.of(action, result);
        }
        return result;
    }
}
