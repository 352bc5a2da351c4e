package dev.baton.plugin.inherited;

import dev.baton.spi.listener.BoundSocket;
import dev.baton.spi.listener.ListenerEndpoint;
import dev.baton.spi.listener.SocketOrigin;
import dev.baton.spi.listener.SocketSettings;
import dev.baton.spi.posix.SocketCalls;
import java.io.IOException;

/**
 * A socket that the process got when it was started, bound and listening already.
 *
 * @param bind what the user wrote
 * @param giver who has bound it, for messages
 * @param name finds its number
 */
record InheritedEndpoint(String bind, String giver, Name name) implements ListenerEndpoint {

    /** How the socket is named. */
    @FunctionalInterface
    interface Name {
        /**
         * The number of the socket.
         *
         * @throws IOException if the process got none of this name
         */
        int number() throws IOException;
    }

    @Override
    public SocketOrigin origin() {
        return SocketOrigin.INHERITED;
    }

    @Override
    public int socket(SocketCalls calls) throws IOException {
        int number = name.number();
        InheritedSocket.mustListen(number, bind, calls);
        return number;
    }

    @Override
    public BoundSocket bind(int number, SocketSettings settings, SocketCalls calls) throws IOException {
        throw new IOException("cannot bind " + bind + ": " + giver + " has bound it");
    }

    /** Is not bound again after an unbind: the other process may have kept it. */
    @Override
    public BoundSocket adopt(int number, SocketSettings settings, SocketCalls calls) throws IOException {
        InheritedSocket.adopt(number, bind, calls);
        String address = InheritedSocket.address(number, calls);
        return () -> address;
    }
}
