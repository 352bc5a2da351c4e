package dev.baton.plugin.http.http2;

import dev.baton.plugin.http.exchange.Exchange;
import dev.baton.plugin.http.exchange.Messages;
import dev.baton.plugin.http.exchange.UpstreamEnds.Taker;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.upstream.UpstreamConnections;
import dev.baton.spi.upstream.UpstreamServer;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The connections to one server that carry exchanges now, of all loops. Those that carry none rest in the upstream's
 * pool, and are as others there.
 *
 * <p>An exchange gets, in this order: a free stream of a connection of its own loop; a connection that rests; a new
 * connection, of which each loop opens one at a time, for all exchanges that come meanwhile. Where
 * {@code max-connections} lets none be opened, exchanges wait in the upstream's queue, and a stream of any loop's
 * connection goes to the first.
 *
 * <p>No wakeup is lost there, because each side first shows what it has and then looks at the other: an exchange is in
 * the queue before it looks for free streams ({@link #waits}); a stream that ends is free before its connection looks
 * for exchanges that wait ({@link Http2UpstreamConnection#serveWaiting}). The later of the two sees both.
 */
final class ServerConnections {
    private final UpstreamConnections connections;
    private final UpstreamServer server;
    private final CopyOnWriteArrayList<Http2UpstreamConnection> active = new CopyOnWriteArrayList<>();
    private final Map<Loop, SharedConnect> connecting = new ConcurrentHashMap<>();
    /** Exchanges in the upstream's queue: none that comes later may overtake them. */
    private final AtomicInteger waiting = new AtomicInteger();
    /** Streams that the server allows a connection, as it has said last. */
    private volatile int streamsMax = Http2UpstreamConnection.STREAMS_FIRST;

    ServerConnections(UpstreamConnections connections, UpstreamServer server) {
        this.connections = connections;
        this.server = server;
    }

    UpstreamConnections connections() {
        return connections;
    }

    /** Streams of a connection on which the server has not said yet how many there may be. */
    int streamsMax() {
        return streamsMax;
    }

    /** The server has said how many streams a connection may have. */
    void streamsMax(int max) {
        streamsMax = max;
    }

    // -------------------------------------------------------------------------- from an exchange, on its client's loop

    /** Begins an exchange where there is room, or sees to that there will be. */
    void ask(Exchange exchange, Loop loop, Taker taker) {
        exchange.keepBody();
        if (waiting.get() <= 0 && (beginOnOwn(exchange, loop, taker) || beginOnResting(exchange, loop, taker))) {
            return;
        }
        SharedConnect under = connecting.get(loop);
        if (under == null || !under.add(exchange)) {
            connect(loop, new SharedConnect(this, loop, exchange));
        }
    }

    private boolean beginOnOwn(Exchange exchange, Loop loop, Taker taker) {
        for (Http2UpstreamConnection each : active) {
            if (each.channel().loop() == loop && each.slots().reserve()) {
                MovableChannel channel = each.channel();
                if (!channel.tryEnter()) { // it is another loop's by now, or messages wait there
                    if (Messages.post(channel, () -> each.carry(exchange))) {
                        return true;
                    }
                    each.slots().free();
                    continue;
                }
                try {
                    if (each.begin(exchange, taker)) {
                        return true;
                    }
                } finally {
                    channel.leave();
                }
            }
        }
        return false;
    }

    private boolean beginOnResting(Exchange exchange, Loop loop, Taker taker) {
        MovableChannel idle = connections.take(server, loop);
        if (idle == null) {
            return false;
        }
        try {
            Http2UpstreamConnection connection = Http2UpstreamConnection.of(idle);
            if (connection == null || !connection.wake(this)) {
                return false;
            }
            boolean begun = connection.begin(exchange, taker);
            connection.serveWaiting(); // those that looked for room while it was neither here nor in the pool
            return begun;
        } finally {
            idle.leave();
        }
    }

    /** Opens a connection for the exchanges of a connect, or lets them wait. On a loop's thread. */
    private void connect(Loop loop, SharedConnect connect) {
        connecting.put(loop, connect);
        connections.connect(server, loop, connect);
    }

    /** Opens one more, for those that found no room on the one that they waited for. On a loop's thread. */
    void connectMore(Loop loop, Exchange next, Queue<Exchange> others) {
        SharedConnect under = connecting.get(loop);
        for (Exchange each = next; each != null; each = others.poll()) {
            if (under == null || !under.add(each)) {
                under = new SharedConnect(this, loop, each);
                connect(loop, under);
            }
        }
    }

    /** Waits in the upstream's queue by itself. On a loop's thread. */
    void connectAlone(Loop loop, Exchange exchange) {
        connections.connect(server, loop, new SharedConnect(this, loop, exchange));
    }

    /** A connect has ended, or waits: the next exchange begins another. */
    void endConnect(Loop loop, SharedConnect ended) {
        connecting.remove(loop, ended);
    }

    // --------------------------------------------------------------------------------------------- those that wait

    /** One more waits in the queue: gives it, or the first there, a free stream if there is one by now. */
    void waits() {
        waiting.incrementAndGet();
        lookForRoom();
    }

    private void lookForRoom() {
        for (Http2UpstreamConnection each : active) {
            if (each.slots().hasFree() && Messages.post(each.channel(), () -> serve(each))) {
                return;
            }
        }
    }

    /** Where this connection has no room any more, or no longer enough, another may have some. */
    private void serve(Http2UpstreamConnection connection) {
        connection.serveWaiting();
        if (connections.isWaitedFor(connection.channel())) {
            lookForRoom();
        }
    }

    /** One waits no longer. */
    void waitEnded() {
        waiting.decrementAndGet();
    }

    // ----------------------------------------------------------------------------------- from the connections, claimed

    /** A connection carries exchanges from now on. */
    void add(Http2UpstreamConnection connection) {
        active.add(connection);
    }

    /** A connection carries no more. */
    void remove(Http2UpstreamConnection connection) {
        active.remove(connection);
    }
}
