package __package__;

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
import java.util.Optional;
import java.util.regex.Pattern;

/** Listens for clients of this machine: {@code bind: "__id__@PORT"} is that port of 127.0.0.1. */
final class __Name__Kind implements ListenerKind {
    private static final String NAME = "__id__";
    private static final String PREFIX = NAME + "@";
    private static final Pattern PORT = Pattern.compile("\\d{1,5}");
    private static final int PORT_MAX = 65_535;
    private static final byte[] LOOPBACK = {127, 0, 0, 1};

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public boolean claims(String bind) {
        return bind.startsWith(PREFIX);
    }

    @Override
    public ListenerEndpoint parse(String bind) {
        String port = bind.substring(PREFIX.length());
        if (!PORT.matcher(port).matches() || Integer.parseInt(port) > PORT_MAX) {
            throw new InvalidBindException("'" + port + "' is no port");
        }
        return new Endpoint(Integer.parseInt(port));
    }

    /** Makes the sockets; the runtime closes them. */
    private record Endpoint(int port) implements ListenerEndpoint {
        @Override
        public int socket(SocketCalls calls) throws IOException {
            return checked("create a socket for " + this, calls.socket(Sockets.AF_INET, Sockets.SOCK_STREAM, 0));
        }

        @Override
        public BoundSocket bind(int number, SocketSettings settings, SocketCalls calls) throws IOException {
            String action = "bind " + this;
            checked(action, calls.setIntOption(number, SocketOptions.SOL_SOCKET, SocketOptions.SO_REUSEADDR, 1));
            checked(action, calls.bind(number, new InetSocketAddress(InetAddress.getByAddress(LOOPBACK), port)));
            return bound(number, calls);
        }

        @Override
        public BoundSocket adopt(int number, SocketSettings settings, SocketCalls calls) throws IOException {
            return bound(number, calls);
        }

        private static BoundSocket bound(int number, SocketCalls calls) throws IOException {
            if (calls.localAddress(number) instanceof InetSocketAddress local) {
                return new Bound(local.getPort());
            }
            throw new IOException(NAME + ": the socket " + number + " has no port");
        }

        private static int checked(String action, int result) throws PosixException {
            if (result < 0) {
                throw PosixException.of(action, result);
            }
            return result;
        }

        @Override
        public String toString() {
            return PREFIX + port;
        }
    }

    private record Bound(int port) implements BoundSocket {
        @Override
        public String address() {
            return PREFIX + port;
        }

        @Override
        public Optional<ListenerEndpoint> again() {
            return Optional.of(new Endpoint(port));
        }
    }
}
