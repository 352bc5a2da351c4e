package dev.baton.plugin.http.http2;

import dev.baton.plugin.http.exchange.Exchange;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.upstream.ConnectHandler;
import dev.baton.spi.upstream.WaitingConnect;
import java.net.ConnectException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One connect: the exchange that it was begun for, and those of the same loop that came meanwhile.
 *
 * <p>It may end on another loop. Whoever adds an exchange adds it first and then looks whether that was too late;
 * whoever ends the connect does that first and then looks for exchanges. One that both see belongs to who takes it out.
 */
final class SharedConnect implements ConnectHandler {
    /** A connection is being opened, and takes more exchanges. */
    private static final int OPENS = 0;
    /** The first exchange waits in the upstream's queue, and is counted there. */
    private static final int WAITS = 1;
    /** It has an outcome. */
    private static final int ENDED = 2;

    private final ServerConnections home;
    private final Loop loop;
    private final Exchange first;
    private final Queue<Exchange> others = new ConcurrentLinkedQueue<>();
    private final AtomicInteger state = new AtomicInteger(OPENS);

    SharedConnect(ServerConnections home, Loop loop, Exchange first) {
        this.home = home;
        this.loop = loop;
        this.first = first;
    }

    /** Adds an exchange; false if this is too late, and the exchange is the caller's still. */
    boolean add(Exchange exchange) {
        others.add(exchange);
        return state.get() == OPENS || !others.remove(exchange);
    }

    /**
     * There is no place: the first exchange waits for one in the queue. Those that came while this was called take one
     * each by themselves, so that all are served, or have waited for too long, one by one.
     */
    @Override
    public void waits(WaitingConnect wait) {
        home.endConnect(loop, this);
        if (!state.compareAndSet(OPENS, WAITS)) {
            return; // another loop was faster
        }
        first.downstream().post(() -> first.waits(() -> cancel(wait)));
        home.waits();
        Exchange other;
        while ((other = others.poll()) != null) {
            home.connectAlone(loop, other);
        }
    }

    private boolean cancel(WaitingConnect wait) {
        boolean cancelled = wait.cancel();
        if (cancelled) {
            end();
        }
        return cancelled;
    }

    private void end() {
        if (state.getAndSet(ENDED) == WAITS) {
            home.waitEnded();
        }
        home.endConnect(loop, this);
    }

    @Override
    public void connected(MovableChannel channel) {
        end();
        Http2UpstreamConnection connection = Http2UpstreamConnection.of(channel);
        if (connection == null) {
            failAll(new ConnectException("closed as soon as it was open"));
            return;
        }
        Exchange next = first;
        boolean room = connection.join(home);
        while (next != null && (room || connection.slots().reserve())) {
            room = false;
            connection.carry(next);
            next = others.poll();
        }
        if (room) {
            connection.free();
        }
        if (next != null) {
            home.connectMore(channel.loop(), next, others);
        }
        connection.serveWaiting();
    }

    @Override
    public void failed(Throwable cause) {
        end();
        failAll(cause);
    }

    private void failAll(Throwable cause) {
        first.failed(cause);
        Exchange each;
        while ((each = others.poll()) != null) {
            each.failed(cause);
        }
    }
}
