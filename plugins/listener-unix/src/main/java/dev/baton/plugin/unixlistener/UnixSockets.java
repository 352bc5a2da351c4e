package dev.baton.plugin.unixlistener;

import dev.baton.spi.posix.PosixException;
import dev.baton.spi.posix.SocketCalls;
import dev.baton.spi.posix.Sockets;
import java.io.IOException;
import java.net.SocketAddress;

/** What is done alike to unix sockets with a path and without one. */
final class UnixSockets {
    /** What is wrong with {@code sockets: per-loop}. */
    static final String ONE_SOCKET = "sockets: per-loop is for tcp; a unix address has one socket";

    private UnixSockets() {}

    static int socket(String bind, SocketCalls calls) throws IOException {
        int number = calls.socket(Sockets.AF_UNIX, Sockets.SOCK_STREAM, 0);
        if (number < 0) {
            throw PosixException.of("create a socket for " + bind, number);
        }
        return number;
    }

    static void bind(int number, String bind, SocketAddress address, SocketCalls calls) throws IOException {
        int result = calls.bind(number, address);
        if (result < 0) {
            throw PosixException.of("bind " + bind, result);
        }
    }

    static void mustBeBoundTo(SocketAddress address, int number, String bind, SocketCalls calls) throws IOException {
        SocketAddress local = calls.localAddress(number);
        if (!address.equals(local)) {
            throw new IOException("cannot use fd " + number + " for " + bind + ": it is bound to " + local);
        }
    }

    /**
     * Refuses new connections by shutting the listening socket's receiving side: what is in the queue stays there.
     *
     * @return whether the kernel did it
     */
    static boolean refuse(int number, SocketCalls calls) {
        return calls.shutdown(number, Sockets.SHUT_RD) >= 0;
    }
}
