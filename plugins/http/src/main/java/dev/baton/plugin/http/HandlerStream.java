package dev.baton.plugin.http;

import dev.baton.spi.http.HttpStream;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/** The response that a handler writes piece by piece: each is posted to the client's connection. */
final class HandlerStream implements HttpStream {
    private final FilteredExchange exchange;
    private final Downstream client;
    private boolean over;
    private @Nullable Runnable ready;

    HandlerStream(FilteredExchange exchange, Downstream client) {
        this.exchange = exchange;
        this.client = client;
    }

    @Override
    public boolean write(ByteBuf bytes) {
        if (!post(() -> piece(new Piece(bytes, false, null)))) {
            bytes.release();
            return false;
        }
        return client.channel().isWritable();
    }

    @Override
    public void whenReady(Runnable task) {
        post(() -> {
            ready = task;
            writable();
        });
    }

    @Override
    public void end() {
        post(() -> piece(new Piece(Unpooled.EMPTY_BUFFER, true, null)));
    }

    @Override
    public void abort() {
        post(() -> exchange.abortedByHandler(null));
    }

    /** Under the claim, behind what was posted before; the callback that has begun the stream has returned. */
    private boolean post(Runnable task) {
        return Messages.post(client.channel(), task);
    }

    private void piece(Piece next) {
        if (over || !(next.last() || next.bytes().isReadable())) {
            next.release();
            return;
        }
        over = next.last();
        exchange.responsePiece(this, next);
    }

    /** The client takes more. */
    void writable() {
        Runnable task = ready;
        if (task != null && exchange.takesPieces(this) && client.channel().isWritable()) {
            ready = null;
            try {
                task.run();
            } catch (Throwable t) {
                exchange.abortedByHandler(t);
            }
        }
    }
}
