package dev.baton.plugin.http.exchange;

import dev.baton.spi.http.HttpFields;
import dev.baton.spi.http.HttpStream;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The response that a handler writes piece by piece.
 *
 * <p>What is written under the claim on the client's connection, between callbacks, passes the filters at once; what is
 * written from elsewhere is posted. Pieces wait here while the callback that has begun the stream runs, and while a
 * filter waits. The handler is told to stop when the connection or this stream holds enough.
 *
 * <p>While the client takes more and has sent all of its request, the handler has to write: one that writes nothing for
 * its {@code timeout} costs its exchange. A handler that always writes when it may needs no timer for that.
 */
final class HandlerStream implements HttpStream {
    /** How much may wait here before the handler is told to stop, in bytes: as much as in a connection. */
    private static final int WAITING_MAX = 64 * 1024;
    /** How often in a row a handler may fill the connection of a client that takes everything at once. */
    private static final int TURNS_MAX = 8;

    private final FilteredExchange exchange;
    private final Downstream client;
    /** Bytes that were written and have not been handed on. */
    private final AtomicLong waitingBytes = new AtomicLong();

    private volatile boolean over;

    // Under the claim:
    private final Deque<Piece> waiting = new ArrayDeque<>(2);
    /** Bytes left of the announced length; -1 if none was announced. */
    private long left;

    private boolean ended;
    private boolean advancing;
    private @Nullable Runnable ready;

    /** When something happened last that lets the handler write, or it wrote, by the clock of the loops. */
    private long sinceNanos;
    /** Set while the handler is waited for, and perhaps for longer. */
    private @Nullable Future<?> timer;

    /**
     * For one response.
     *
     * @param length what the handler will write, in bytes; -1 if that is not known
     */
    HandlerStream(FilteredExchange exchange, Downstream client, long length) {
        this.exchange = exchange;
        this.client = client;
        left = length;
    }

    // ------------------------------------------------------------------------------------------- for the handler

    @Override
    public boolean write(ByteBuf bytes) {
        int count = bytes.readableBytes();
        if (over || count == 0) {
            bytes.release();
            return takesMore();
        }
        add(new Piece(bytes, false, null), count);
        return takesMore();
    }

    @Override
    public void end() {
        add(new Piece(Unpooled.EMPTY_BUFFER, true, null), 0);
    }

    @Override
    public void end(HttpFields trailers) {
        HeaderFields copy = new HeaderFields();
        Fields checked = new Fields(copy);
        for (int i = 0; i < trailers.size(); i++) {
            checked.add(trailers.name(i), trailers.value(i));
        }
        add(new Piece(Unpooled.EMPTY_BUFFER, true, copy), 0);
    }

    @Override
    public void abort() {
        later(() -> exchange.abortedByHandler(this, null));
    }

    @Override
    public void whenReady(Runnable task) {
        client.post(() -> waits(task));
    }

    /** The handler may write more. Any thread. */
    boolean takesMore() {
        return !over && waitingBytes.get() < WAITING_MAX && client.isWritable();
    }

    private void add(Piece piece, int count) {
        waitingBytes.addAndGet(count);
        if (enter()) {
            try {
                added(piece, count);
            } finally {
                client.channel().leave();
            }
        } else if (!client.post(() -> added(piece, count))) {
            waitingBytes.addAndGet(-count);
            piece.release();
        }
    }

    /** What follows runs under the claim, and overtakes nothing that was posted before. */
    private boolean enter() {
        return client.channel().tryEnter();
    }

    // --------------------------------------------------------------------------------------------- under the claim

    private void added(Piece piece, int count) {
        if (over || ended || !exchange.keeps(this)) {
            waitingBytes.addAndGet(-count);
            piece.release();
            return;
        }
        String wrong = lengthProblem(count, piece.last());
        if (wrong != null) {
            ended = true;
            waitingBytes.addAndGet(-count);
            piece.release();
            later(() -> exchange.abortedByHandler(this, new IllegalStateException(wrong)));
            return;
        }
        ended = piece.last();
        waiting.add(piece);
        if (timer != null) {
            sinceNanos = client.nanoTime();
        }
        if (advancing) {
            handOn(); // which is flushed when the handler's task is over
        } else if (!exchange.inCallback()) {
            exchange.wentOn();
        }
    }

    private void waits(Runnable task) {
        if (!over) {
            ready = task;
            if (!exchange.inCallback()) {
                advance();
            }
        }
    }

    private @Nullable String lengthProblem(int count, boolean last) {
        if (left < 0) {
            return null;
        }
        if (count > left) {
            return "it wrote more than the announced length";
        }
        left -= count;
        return last && left > 0 ? "it ended the response " + left + " bytes before the announced length" : null;
    }

    private void handOn() {
        while (!waiting.isEmpty() && exchange.takesPieces(this)) {
            Piece next = waiting.remove();
            waitingBytes.addAndGet(-next.bytes().readableBytes());
            exchange.responsePiece(next);
        }
    }

    /** Something has changed, and no callback runs: hands on what waits, and lets the handler write more. */
    void advance() {
        if (advancing) {
            return;
        }
        advancing = true;
        try {
            handOn();
            for (int turn = 0; mayWrite(); turn++) {
                if (turn == TURNS_MAX) {
                    later(this::advance);
                    return;
                }
                writeMore();
            }
        } finally {
            advancing = false;
            waitForHandler();
        }
    }

    private boolean mayWrite() {
        return ready != null && exchange.takesPieces(this) && takesMore();
    }

    private void writeMore() {
        Runnable task = ready;
        ready = null;
        if (task == null) {
            return;
        }
        try {
            task.run();
        } catch (Throwable t) {
            exchange.abortedByHandler(this, t);
        }
        client.flush(); // what the client takes at once makes room for more
    }

    // ---------------------------------------------------------------------------------------- waiting for the handler

    /** Nothing but a piece of the handler's can continue the exchange. */
    private boolean isHandlersTurn() {
        return !ended && ready == null && exchange.takesPieces(this) && takesMore() && exchange.hasNothingToRead();
    }

    private void waitForHandler() {
        if (isHandlersTurn() && exchange.keeps(this)) { // which ends the wait with the exchange
            sinceNanos = client.nanoTime();
            if (timer == null) {
                timer = client.schedule(this::look, exchange.handlerTimeoutNanos());
            }
        }
    }

    private void look() {
        timer = null;
        if (!over && isHandlersTurn()) {
            long more = sinceNanos + exchange.handlerTimeoutNanos() - client.nanoTime();
            if (more > 0) {
                timer = client.schedule(this::look, more);
            } else {
                exchange.handlerSilent(this);
            }
        }
    }

    /** Behind all that is posted, and behind the callback that may be running. */
    private void later(Runnable task) {
        try {
            client.channel().offer(task);
        } catch (RejectedExecutionException ended) {
            over = true; // its last loop has ended, and with it the connection
        }
    }

    /** Bytes of direct memory or heap that wait here. */
    int heldBytes() {
        return (int) Math.min(Integer.MAX_VALUE, waitingBytes.get());
    }

    /** The exchange is over, or answered otherwise. */
    void drop() {
        over = true;
        ready = null;
        Future<?> scheduled = timer;
        if (scheduled != null) {
            timer = null;
            scheduled.cancel(false);
        }
        for (Piece each = waiting.poll(); each != null; each = waiting.poll()) {
            waitingBytes.addAndGet(-each.bytes().readableBytes()); // others may be on their way
            each.release();
        }
    }
}
