package dev.baton.runtime.listener;

import dev.baton.spi.listener.ListenerEndpoint;
import dev.baton.spi.listener.SocketSettings;
import dev.baton.spi.listener.UnbindStrategy;
import dev.baton.spi.service.Service;

/**
 * What a listener is made of.
 *
 * @param name its name in the configuration
 * @param bind where it listens, as the configuration says it
 * @param endpoint the same, parsed: makes its sockets
 * @param socket what is said of its sockets besides the address
 * @param limits what it may take, and how fast
 * @param leastLoaded connections go to the loop with the fewest, and do not stay with the one that accepted them
 * @param serviceName the service's name in the configuration
 * @param plugin id of the service's plugin, which the fds are counted for
 * @param live what plugins have made for it, which may be replaced
 */
public record ListenerSpec(
        String name,
        String bind,
        ListenerEndpoint endpoint,
        SocketSettings socket,
        Limits limits,
        boolean leastLoaded,
        String serviceName,
        String plugin,
        LiveServing live) {
    /** One whose service and strategy were not replaced. */
    public ListenerSpec(
            String name,
            String bind,
            ListenerEndpoint endpoint,
            SocketSettings socket,
            Limits limits,
            boolean leastLoaded,
            String serviceName,
            Service service,
            String plugin,
            UnbindStrategy unbind) {
        this(
                name,
                bind,
                endpoint,
                socket,
                limits,
                leastLoaded,
                serviceName,
                plugin,
                new LiveServing(new Serving(service, unbind, 0)));
    }

    /** What speaks on its new connections. */
    public Service service() {
        return live.now().service();
    }

    /** How it is unbound. */
    public UnbindStrategy unbind() {
        return live.now().unbind();
    }

    /**
     * What a listener may take, and how fast.
     *
     * @param backlog how many connections the kernel keeps until they are accepted
     * @param maxConnections how many of its connections may be open at once, at least 1; {@link Integer#MAX_VALUE} for
     *     no limit
     * @param acceptsPerSecond how many connections it accepts a second on the average; infinity for no limit
     * @param acceptsPerTurn how many connections a loop accepts at a time, at least 1
     * @param fds how many fds one of its connections may come to need, its own included, at most
     *     {@link dev.baton.runtime.fd.FdBudget#FDS_MAX}; 0 if a client in front of it has paid for it
     * @param perClient what each client address may take, by the addresses of the sockets
     */
    public record Limits(
            int backlog,
            int maxConnections,
            double acceptsPerSecond,
            int acceptsPerTurn,
            int fds,
            PerClient perClient) {
        /** Few, so that loops which are woken together share a burst, and connections do not starve. */
        public static final int ACCEPTS_PER_TURN = 4;

        /** Of connections that need one fd each. */
        public Limits(int backlog, int maxConnections, double acceptsPerSecond, int acceptsPerTurn) {
            this(backlog, maxConnections, acceptsPerSecond, acceptsPerTurn, 1, PerClient.UNLIMITED);
        }

        /** Without limits of accepting. */
        public Limits(int backlog, int maxConnections) {
            this(backlog, maxConnections, Double.POSITIVE_INFINITY, ACCEPTS_PER_TURN);
        }
    }

    /**
     * What each client address may take of a listener.
     *
     * @param maxConnections how many connections it may have open, at least 1; {@link Integer#MAX_VALUE} for no limit
     * @param acceptsPerSecond how many it may open a second on the average; infinity for no limit
     */
    public record PerClient(int maxConnections, double acceptsPerSecond) {
        /** Whatever the listener may take. */
        public static final PerClient UNLIMITED = new PerClient(Integer.MAX_VALUE, Double.POSITIVE_INFINITY);

        /** Whether it limits nothing. */
        boolean isUnlimited() {
            return maxConnections == Integer.MAX_VALUE && Double.isInfinite(acceptsPerSecond);
        }
    }

    /** A listener with one socket, and connections that stay with the loop that accepted them. */
    public ListenerSpec(
            String name,
            String bind,
            ListenerEndpoint endpoint,
            int backlog,
            int maxConnections,
            String serviceName,
            Service service,
            String plugin,
            UnbindStrategy unbind) {
        this(
                name,
                bind,
                endpoint,
                SocketSettings.DEFAULT,
                new Limits(backlog, maxConnections),
                false,
                serviceName,
                service,
                plugin,
                unbind);
    }
}
