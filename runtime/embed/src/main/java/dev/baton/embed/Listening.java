package dev.baton.embed;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;

/** An address on which {@link Baton#listen} accepts connections. Threading: any. */
public final class Listening implements AutoCloseable {
    private final Baton baton;
    private final String name;
    private final SocketAddress address;

    Listening(Baton baton, String name, SocketAddress address) {
        this.baton = baton;
        this.name = name;
        this.address = address;
    }

    /** What it is called in log lines and metrics. */
    public String name() {
        return name;
    }

    /** The real address: an {@link InetSocketAddress}, or that of a unix socket. */
    public SocketAddress address() {
        return address;
    }

    /**
     * The port.
     *
     * @throws IllegalStateException if it is the address of a unix socket
     */
    public int port() {
        if (address instanceof InetSocketAddress inet) {
            return inet.getPort();
        }
        throw new IllegalStateException(address + " has no port");
    }

    /** Accepts no more, and closes the connections that it has accepted. Waits; not on a loop. */
    @Override
    public void close() {
        close(Duration.ZERO);
    }

    /**
     * Accepts no more. Waits until the connections that it has accepted have ended; not on a loop.
     *
     * @param grace how long they may take; those that are left are closed then
     */
    public void close(Duration grace) {
        baton.unlisten(name, grace);
    }
}
