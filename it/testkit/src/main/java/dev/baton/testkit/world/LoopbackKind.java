package dev.baton.testkit.world;

import dev.baton.spi.listener.ListenerKind;
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
    public Optional<String> check(String bind) {
        String port = bind.substring(HOST.length());
        return PORT.matcher(port).matches() && Integer.parseInt(port) <= PORT_MAX
                ? Optional.empty()
                : Optional.of("'" + port + "' is no port");
    }

    @Override
    public int socket(String bind, SocketCalls calls) throws IOException {
        return checked("create a socket for loopback " + bind, calls.socket(Sockets.AF_INET, Sockets.SOCK_STREAM, 0));
    }

    @Override
    public void bind(int number, String bind, SocketCalls calls) throws IOException {
        String what = "bind loopback " + bind;
        Optional<String> problem = check(bind);
        if (problem.isPresent()) {
            throw new IOException("cannot " + what + ": " + problem.get());
        }
        set(calls, number, SocketOptions.SOL_SOCKET, SocketOptions.SO_REUSEADDR, what);
        // What is accepted inherits it, and its channel's configuration says so from the beginning.
        set(calls, number, Sockets.IPPROTO_TCP, SocketOptions.TCP_NODELAY, what);
        InetAddress host = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
        int port = Integer.parseInt(bind.substring(HOST.length()));
        checked(what, calls.bind(number, new InetSocketAddress(host, port)));
    }

    private static void set(SocketCalls calls, int number, int level, int option, String what) throws IOException {
        checked(what, calls.setIntOption(number, level, option, 1));
    }

    @Override
    public String address(int number, SocketCalls calls) throws IOException {
        SocketAddress local = calls.localAddress(number);
        if (local instanceof InetSocketAddress inet) {
            return HOST + inet.getPort();
        }
        throw new IOException("cannot tell the address of a loopback listener: it is bound to " + local);
    }

    private static int checked(String action, int result) throws PosixException {
        if (result < 0) {
            throw PosixException.of(action, result);
        }
        return result;
    }
}
