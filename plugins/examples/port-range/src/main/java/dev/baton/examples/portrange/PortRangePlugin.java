package dev.baton.examples.portrange;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.listener.BoundSocket;
import dev.baton.spi.listener.InvalidBindException;
import dev.baton.spi.listener.ListenerEndpoint;
import dev.baton.spi.listener.ListenerKind;
import dev.baton.spi.listener.SocketSettings;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.posix.SocketCalls;
import dev.baton.spi.posix.SocketOptions;
import dev.baton.spi.posix.Sockets;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Listens on the first free port of a range: {@code bind: "range@127.0.0.1:9000-9009"}. */
public final class PortRangePlugin implements Plugin {
    @Override
    public void configure(PluginBinder binder) {
        binder.listener("port-range", PortRange.class);
    }

    /** Parses a bind. Opens nothing: {@code baton check} calls it too. */
    static final class PortRange implements ListenerKind {
        private static final String MARK = "range@";
        private static final Pattern FORM = Pattern.compile("([0-9.]+):([0-9]{1,5})(?:-([0-9]{1,5}))?");

        @Override
        public String name() {
            return "port-range";
        }

        @Override
        public boolean claims(String bind) {
            return bind.startsWith(MARK);
        }

        @Override
        public ListenerEndpoint parse(String bind) {
            Matcher form = FORM.matcher(bind.substring(MARK.length()));
            if (!form.matches() || !NetUtil.isValidIpV4Address(form.group(1))) {
                throw new InvalidBindException("\"" + bind + "\" is not like range@127.0.0.1:9000-9009");
            }
            int first = Integer.parseInt(form.group(2));
            int last = form.group(3) == null ? first : Integer.parseInt(form.group(3));
            if (first < 1 || last < first || last > 65_535) {
                throw new InvalidBindException("\"" + bind + "\": the ports must be 1 to 65535, the lower one first");
            }
            return new Range(form.group(1), first, last);
        }
    }

    /** Makes the sockets of one listener. It closes none: their numbers are in the fd table by then. */
    private record Range(String host, int first, int last) implements ListenerEndpoint {
        @Override
        public int socket(SocketCalls calls) throws IOException {
            return check(calls.socket(Sockets.AF_INET, Sockets.SOCK_STREAM, 0));
        }

        @Override
        public BoundSocket bind(int number, SocketSettings settings, SocketCalls calls) throws IOException {
            // So that old connections of a port in TIME_WAIT do not take it. A port that is listened on is refused.
            check(calls.setIntOption(number, SocketOptions.SOL_SOCKET, SocketOptions.SO_REUSEADDR, 1));
            int port = first;
            int result = bind(number, port, calls);
            while (result == -Errno.EADDRINUSE && port < last) {
                result = bind(number, ++port, calls);
            }
            check(result);
            return new Bound(host, port);
        }

        private int bind(int number, int port, SocketCalls calls) throws IOException {
            byte[] address = NetUtil.createByteArrayFromIpAddressString(host);
            return calls.bind(number, new InetSocketAddress(InetAddress.getByAddress(address), port));
        }

        /** A socket that the process before this one has handed over. */
        @Override
        public BoundSocket adopt(int number, SocketSettings settings, SocketCalls calls) throws IOException {
            if (calls.localAddress(number) instanceof InetSocketAddress local
                    && local.getAddress().getHostAddress().equals(host)
                    && local.getPort() >= first
                    && local.getPort() <= last) {
                return new Bound(host, local.getPort());
            }
            throw new IOException("cannot use fd " + number + " for " + this + ": it is bound to another address");
        }

        private int check(int result) throws IOException {
            if (result < 0) {
                throw PosixException.of("listen on " + this, result);
            }
            return result;
        }

        @Override
        public String toString() {
            return "port-range " + PortRange.MARK + host + ":" + first + (last == first ? "" : "-" + last);
        }
    }

    private record Bound(String host, int port) implements BoundSocket {
        @Override
        public String address() {
            return PortRange.MARK + host + ":" + port;
        }

        @Override
        public Optional<ListenerEndpoint> again() {
            return Optional.of(new Range(host, port, port));
        }
    }
}
