package dev.baton.spi.listener;

import dev.baton.spi.threading.OffLoop;
import java.io.IOException;

/** What is left to do when the socket of a listener has been closed, for example to unlink its file. */
@FunctionalInterface
public interface SocketCleanup {
    /** Nothing. */
    SocketCleanup NONE = () -> {};

    /**
     * Does it; called once, after the close, and not if another process goes on with the socket.
     *
     * @throws IOException if something of the socket is still in the way of the next one on its address
     */
    @OffLoop
    void run() throws IOException;
}
