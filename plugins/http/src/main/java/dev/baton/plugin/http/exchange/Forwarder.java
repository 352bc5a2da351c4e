package dev.baton.plugin.http.exchange;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.upstream.ServerBusyException;
import dev.baton.spi.upstream.ServerBusyException.Reason;
import dev.baton.spi.upstream.TlsHandshakeException;
import dev.baton.spi.upstream.Upstream;
import dev.baton.spi.upstream.UpstreamServer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ConnectTimeoutException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request's way from its client: finds a connection for each exchange and hands the request over to the
 * {@link UpstreamEnd} there. Belongs to a {@link Downstream} and runs under the claim on its connection.
 *
 * <p>A piece of a body is handed over directly if this thread can enter the upstream connection, else it is posted.
 * Over there it waits in a queue without a limit, so reading stops until all pieces of one read have arrived: a
 * question behind the last of them is answered by {@link Downstream#resumeRequest}.
 */
final class Forwarder implements UpstreamEnds.Taker {
    /** Connections that one exchange is sent on. */
    private static final int MAX_ATTEMPTS = 3;
    /** How often one exchange is asked for once more because nobody has acted on it. */
    private static final int MAX_REFUSED = 20;
    /** So often the same server is asked; then the next. */
    private static final int MAX_REFUSED_BY_ONE = 2;
    /** Servers that are tried for one exchange; each may take the connect-timeout. */
    private static final int MAX_UNREACHED = 3;

    private static final byte NOTHING = 0;
    /** Pieces that are not flushed yet. */
    private static final byte UNFLUSHED = 1;
    /** Pieces were posted, and the question behind them was not yet. */
    private static final byte POSTED = 2;

    private @Nullable UpstreamEnd end;
    /** The connection under way served another exchange before: it may have died since. */
    private boolean reused;
    /** A new connection is being opened. */
    private boolean connecting;
    /** The upstream end takes no more of the body now, and will say when it does. */
    private boolean full;
    /** Pieces are on their way to the upstream end, which will say when it has them. */
    private boolean waiting;

    /**
     * What of this read the upstream end has. A byte, because an idle connection has this object and each word of it
     * counts.
     */
    private byte handedOver = NOTHING;

    /** The end that carries the exchange; null: there is none, or it is being connected. */
    @Nullable
    UpstreamEnd end() {
        return end;
    }

    /** A connection is being opened. */
    boolean connecting() {
        return connecting;
    }

    /** No more of the body is to be read from the client. */
    boolean paused() {
        return full || waiting;
    }

    /** What has been read of the body has to wait too. */
    boolean full() {
        return full;
    }

    // --------------------------------------------------------------------------------------- finding a connection

    /** That of a connection which this service has opened, behind its TLS; null if the connection is closed. */
    static @Nullable UpstreamEnd endOf(MovableChannel connection) {
        return (UpstreamEnd) connection.pipeline().last();
    }

    /** Begins with the server whose turn it is. */
    void begin(Exchange exchange) {
        exchange.goTo(exchange.servers().upstream().next(exchange));
        ask(exchange);
    }

    /** Takes an end that is there, which is at {@link #end} afterwards, or begins to open one, which is told later. */
    private void ask(Exchange exchange) {
        UpstreamServer server = exchange.server();
        if (server == null) {
            throw new IllegalStateException("no server was chosen");
        }
        reused = false;
        connecting = true;
        exchange.servers()
                .ends()
                .ask(exchange, server, exchange.downstream().channel().loop(), this);
    }

    @Override
    public boolean begin(Exchange exchange, UpstreamEnd there, boolean hasServed) {
        connecting = false;
        reused = hasServed;
        end = there; // before it begins: what it says meanwhile must be of the current one
        if (there.begin(exchange)) {
            return true;
        }
        reused = false;
        connecting = true;
        end = null;
        return false;
    }

    /** The connection that carries the exchange is alive, whatever becomes of the exchange. */
    void connectionLives() {
        reused = false;
    }

    /** A connection carries the exchange; it may have carried others before. */
    void attach(UpstreamEnd opened, boolean hasServed) {
        connecting = false;
        reused = hasServed;
        end = opened;
    }

    /** A connection that has come from another process carries the exchange. */
    void unpack(UpstreamEnd there, boolean isFull) {
        attach(there, true);
        full = isFull;
    }

    /**
     * Asks the next server after one could not be connected to. Nothing was sent, so it does not matter what the
     * request is.
     *
     * @return null, or why not
     */
    @Nullable
    Refusal askNext(Exchange exchange, Throwable cause) {
        connecting = false;
        Upstream upstream = exchange.servers().upstream();
        UpstreamServer failed = exchange.server();
        exchange.unreached++;
        ServerBusyException busy = cause instanceof ServerBusyException full ? full : null;
        if (busy != null && busy.reason() == Reason.TIMEOUT) {
            return Refusal.SERVER_BUSY; // another queue would be one more wait
        }
        if (failed == null || exchange.unreached >= Math.min(MAX_UNREACHED, servers(upstream, failed))) {
            if (busy != null) {
                return Refusal.SERVER_BUSY;
            }
            if (cause instanceof TlsHandshakeException) {
                return Refusal.TLS_FAILED;
            }
            return cause instanceof ConnectTimeoutException ? Refusal.CONNECT_TIMEOUT : Refusal.CONNECT_FAILED;
        }
        exchange.goTo(upstream.nextAfter(failed));
        ask(exchange);
        return null;
    }

    /** How many there are, with the one that has failed: that may be gone, as the stand-in of a name's servers is. */
    private static int servers(Upstream upstream, UpstreamServer failed) {
        List<UpstreamServer> now = upstream.servers();
        return now.contains(failed) ? now.size() : now.size() + 1;
    }

    /**
     * Asks again after the connection died that carried the exchange, and no byte had come from it.
     *
     * @return false: it may not be sent twice, or was often enough
     */
    boolean askAgain(Exchange exchange) {
        if (!exchange.isRepeatable()) {
            return false;
        }
        if (reused && exchange.attempts + 1 < MAX_ATTEMPTS) {
            exchange.attempts++; // it may have died long ago: the server is asked once more
            retry(exchange);
            return true;
        }
        UpstreamServer other = anotherFor(exchange);
        if (other == null) {
            return false;
        }
        retry(exchange, other);
        return true;
    }

    /**
     * Asks another server after one was silent for too long: there the exchange is given up.
     *
     * @return false: the request may not be sent twice, or was often enough, or there is no other server
     */
    boolean askElsewhere(Exchange exchange) {
        UpstreamServer other = anotherFor(exchange);
        if (other == null) {
            return false;
        }
        abort(exchange);
        retry(exchange, other);
        return true;
    }

    /**
     * Asks once more after a server has said that it has not acted on the request, which it may be whatever it is: this
     * costs nothing of the route's retries.
     *
     * @return false: it was asked for often enough
     */
    boolean askOnceMore(Exchange exchange) {
        UpstreamServer server = exchange.server();
        if (server == null || ++exchange.refused > MAX_REFUSED) {
            return false;
        }
        exchange.asked(exchange.downstream().lastProgress());
        if (exchange.refused > MAX_REFUSED_BY_ONE) {
            exchange.goTo(exchange.servers().upstream().nextAfter(server));
        }
        ask(exchange);
        return true;
    }

    /** Whether the connection that carries the exchange, or did so last, has carried others before. */
    boolean isReused() {
        return reused;
    }

    private @Nullable UpstreamServer anotherFor(Exchange exchange) {
        UpstreamServer server = exchange.server();
        Retries retries = exchange.route().retries();
        if (server == null || !exchange.isSafe() || exchange.retries >= retries.attempts()) {
            return null;
        }
        UpstreamServer other = exchange.servers().upstream().nextAfter(server);
        return other.equals(server) || other.equals(UpstreamServer.NONE) || !retries.spend() ? null : other;
    }

    private void retry(Exchange exchange, UpstreamServer other) {
        exchange.retries++;
        exchange.goTo(other);
        retry(exchange);
    }

    private void retry(Exchange exchange) {
        exchange.route().metrics().retried();
        ask(exchange);
    }

    // --------------------------------------------------------------------------------------------------- the body

    /** Takes the piece out of the buffer and hands it over. False: the other end is gone, with its loop. */
    boolean forward(
            Exchange exchange, UpstreamEnd to, ByteBuf in, int count, boolean last, @Nullable HeaderFields trailers) {
        SentBody kept = exchange.sentBody();
        if (kept != null) {
            kept.add(to.channel().alloc(), in, count, last, trailers);
        }
        return hand(exchange, to, in, count, last, trailers);
    }

    /** Whether all that was sent of the body can be sent once more. */
    boolean canSendAgain(Exchange exchange) {
        SentBody kept = exchange.sentBody();
        return !exchange.hasBody() || (kept != null && kept.isWhole());
    }

    /** Sends what another server, or connection, was sent of the body. False: the other end is gone, with its loop. */
    boolean sendAgain(Exchange exchange) {
        SentBody kept = exchange.sentBody();
        UpstreamEnd to = end;
        if (kept == null || kept.isEmpty() || to == null) {
            return true;
        }
        ByteBuf bytes = kept.bytes();
        // A copy: pieces of it may wait on another loop while more is kept, for which this buffer is moved.
        ByteBuf again = bytes == null ? Unpooled.EMPTY_BUFFER : bytes.copy();
        try {
            return hand(exchange, to, again, again.readableBytes(), kept.isComplete(), kept.trailers())
                    && flush(exchange);
        } finally {
            again.release();
        }
    }

    private boolean hand(
            Exchange exchange, UpstreamEnd to, ByteBuf in, int count, boolean last, @Nullable HeaderFields trailers) {
        if (to.channel().tryEnter()) {
            try {
                to.requestBody(exchange, in, count, last, trailers);
                full = !last && !to.takesMoreRequest(exchange);
                handedOver = handedOver == POSTED ? POSTED : UNFLUSHED;
            } finally {
                to.channel().leave();
            }
            return true;
        }
        waiting = !last;
        handedOver = last ? NOTHING : POSTED;
        ByteBuf data = in.readRetainedSlice(count);
        boolean sent = Messages.post(to.channel(), () -> to.postedRequestBody(exchange, data, last, trailers));
        if (!sent) {
            data.release();
        }
        return sent;
    }

    /** Ends a read: what was handed over goes out. False: the other end is gone, with its loop. */
    boolean flush(@Nullable Exchange exchange) {
        UpstreamEnd to = end;
        byte before = handedOver;
        handedOver = NOTHING;
        if (before == NOTHING || to == null || exchange == null) {
            return true;
        }
        if (before == POSTED) {
            return Messages.post(to.channel(), () -> to.caughtUpWithRequest(exchange));
        }
        if (to.channel().tryEnter()) {
            try {
                to.flushRequest(exchange);
            } finally {
                to.channel().leave();
            }
            return true;
        }
        return Messages.post(to.channel(), () -> to.flushRequest(exchange));
    }

    /** The upstream end can take more of the body. False: it could all the time. */
    boolean resume() {
        boolean was = paused();
        full = false;
        waiting = false;
        return was;
    }

    // ------------------------------------------------------------------------------------------------- the end of it

    void forget() {
        connecting = false;
        end = null;
        full = false;
        waiting = false;
        handedOver = NOTHING;
    }

    /** Ends an exchange that is no longer waited for. */
    void abort(Exchange exchange) {
        UpstreamEnd to = end;
        forget();
        if (to != null && exchange.isTunnel()) {
            to.endTunnel(exchange);
        } else if (to != null) {
            to.abortSoon(exchange);
        }
    }
}
