package dev.baton.embed;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;

/** An address on which {@link Baton#listen} accepts connections. Threading: any. */
public final class Listening implements AutoCloseable {
    private final Baton baton;
    private final String name;
    private final ChannelSetup setup;
    private final SocketAddress address;
    private final AtomicBoolean closed = new AtomicBoolean();

    Listening(Baton baton, String name, ChannelSetup setup, SocketAddress address) {
        this.baton = baton;
        this.name = name;
        this.setup = setup;
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
     * Accepts no more. Waits until the connections that it has accepted have ended; not on a loop. Once more does
     * nothing.
     *
     * @param grace how long they may take; those that are left are closed then
     */
    public void close(Duration grace) {
        if (closed.compareAndSet(false, true)) {
            baton.unlisten(name, setup, grace);
        }
    }
}
