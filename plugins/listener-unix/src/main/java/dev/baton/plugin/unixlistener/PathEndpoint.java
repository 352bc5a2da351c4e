package dev.baton.plugin.unixlistener;

import dev.baton.spi.listener.BoundSocket;
import dev.baton.spi.listener.ListenerEndpoint;
import dev.baton.spi.listener.SocketSettings;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.posix.SocketCalls;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.util.Optional;

/**
 * The path of a unix socket.
 *
 * <p>The file's mode is set before the bind as far as the umask lets it, and the rest of it with the owner between the
 * bind and the listen, when clients cannot connect, on the file itself and not by its path. What stands in the way of a
 * new file:
 *
 * <pre>
 * at the path             what happens
 * nothing                 it is bound
 * a socket that answers   EADDRINUSE
 * a socket that does not  it is stale: removed, and said
 * anything else           an error; it stays
 * </pre>
 *
 * <p>The file is unlinked after the close if it still is the one that was bound: its device and inode are compared.
 *
 * @param bind what the user wrote
 */
record PathEndpoint(String bind, UnixDomainSocketAddress address) implements ListenerEndpoint {

    @Override
    public Optional<String> check(SocketSettings settings) {
        return settings.perLoop() ? Optional.of(UnixSockets.ONE_SOCKET) : Optional.empty();
    }

    @Override
    public int socket(SocketCalls calls) throws IOException {
        return UnixSockets.socket(bind, calls);
    }

    @Override
    public BoundSocket bind(int number, SocketSettings settings, SocketCalls calls) throws IOException {
        SocketFile.makeWay(address.getPath(), bind);
        if (settings.mode().isPresent()) {
            int result = calls.setMode(number, settings.mode().getAsInt());
            if (result < 0) {
                throw PosixException.of("set the mode of " + bind, result);
            }
        }
        UnixSockets.bind(number, bind, address, calls);
        SocketFile mine = SocketFile.of(address.getPath(), bind);
        boolean done = false;
        try {
            mine.set(settings, bind, calls, true);
            done = true;
        } finally {
            if (!done) {
                mine.unlink();
            }
        }
        return new Bound(this, number, mine, calls);
    }

    @Override
    public BoundSocket adopt(int number, SocketSettings settings, SocketCalls calls) throws IOException {
        UnixSockets.mustBeBoundTo(address, number, bind, calls);
        SocketFile mine = SocketFile.of(address.getPath(), bind);
        mine.set(settings, bind, calls, false);
        return new Bound(this, number, mine, calls);
    }

    /** Is not bound again to see whether its address is free: a trial would leave a file. */
    private record Bound(PathEndpoint endpoint, int number, SocketFile file, SocketCalls calls) implements BoundSocket {
        @Override
        public String address() {
            return UnixListenerKind.PREFIX + endpoint.address().getPath();
        }

        @Override
        public boolean refuse() {
            return UnixSockets.refuse(number, calls);
        }

        @Override
        public void cleanUp() throws IOException {
            file.unlink();
        }
    }
}
