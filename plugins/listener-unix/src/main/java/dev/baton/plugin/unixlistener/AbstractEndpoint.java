package dev.baton.plugin.unixlistener;

import dev.baton.spi.listener.BoundSocket;
import dev.baton.spi.listener.ListenerEndpoint;
import dev.baton.spi.listener.SocketSettings;
import dev.baton.spi.posix.AbstractUnixAddress;
import dev.baton.spi.posix.SocketCalls;
import java.io.IOException;
import java.util.Optional;

/**
 * An abstract name, which has no file and is free as soon as its socket is closed.
 *
 * @param bind what the user wrote
 */
record AbstractEndpoint(String bind, AbstractUnixAddress address) implements ListenerEndpoint {

    @Override
    public Optional<String> check(SocketSettings settings) {
        if (settings.perLoop()) {
            return Optional.of(UnixSockets.ONE_SOCKET);
        }
        return settings.describesFile()
                ? Optional.of("mode, user and group belong to sockets that have a path; " + bind
                        + " has none: every user of the machine may connect")
                : Optional.empty();
    }

    @Override
    public int socket(SocketCalls calls) throws IOException {
        return UnixSockets.socket(bind, calls);
    }

    @Override
    public BoundSocket bind(int number, SocketSettings settings, SocketCalls calls) throws IOException {
        UnixSockets.bind(number, bind, address, calls);
        return new Bound(this, number, calls);
    }

    @Override
    public BoundSocket adopt(int number, SocketSettings settings, SocketCalls calls) throws IOException {
        UnixSockets.mustBeBoundTo(address, number, bind, calls);
        return new Bound(this, number, calls);
    }

    private record Bound(AbstractEndpoint endpoint, int number, SocketCalls calls) implements BoundSocket {
        @Override
        public String address() {
            return UnixListenerKind.PREFIX + endpoint.address();
        }

        @Override
        public Optional<ListenerEndpoint> again() {
            return Optional.of(endpoint);
        }

        @Override
        public boolean refuse() {
            return UnixSockets.refuse(number, calls);
        }
    }
}
