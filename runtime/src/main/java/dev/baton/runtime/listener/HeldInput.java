package dev.baton.runtime.listener;

import dev.baton.spi.channel.Eviction;
import dev.baton.spi.channel.MovableChannel;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.util.ArrayDeque;

/**
 * Stands behind the handlers of a filter that has not decided yet, and keeps what comes past them for those that are
 * added behind it later: the next filter's, or the service's. These see the same as if they had been there from the
 * beginning: {@code channelActive}, then what was read, in order with the events between, and not before they want to
 * read.
 *
 * <p>It keeps what one turn of reading brings; then the socket is left alone. It leaves the pipeline when it has
 * nothing more to give.
 */
final class HeldInput extends ChannelDuplexHandler {
    private final Filtering filtering;
    private final MovableChannel connection;
    private final ArrayDeque<Object> kept = new ArrayDeque<>();
    private long keptBytes;
    private boolean active;
    private boolean released;
    private boolean stoppedReading;

    @SuppressWarnings("NullAway.Init") // set when the handler is added, before anything else is called
    private ChannelHandlerContext ctx;

    /** An event between what was read. */
    private record Event(Object event) {}

    HeldInput(Filtering filtering, MovableChannel connection) {
        this.filtering = filtering;
        this.connection = connection;
    }

    Filtering filtering() {
        return filtering;
    }

    /** The filter has decided: what is to come is the business of the handlers behind. */
    void resumeReading() {
        if (stoppedReading) {
            stoppedReading = false;
            connection.config().setAutoRead(true);
        }
    }

    /**
     * The handlers behind are there.
     *
     * @param wanted false if the connection was closed instead: then there are none
     */
    void release(boolean wanted) {
        released = true;
        if (ctx.isRemoved()) {
            return; // the connection has closed
        }
        if (!wanted) {
            ctx.pipeline().remove(this);
            return;
        }
        if (active) {
            ctx.fireChannelActive();
        }
        if (kept.isEmpty() || connection.config().isAutoRead()) {
            giveAll();
        }
    }

    private void giveAll() {
        boolean any = !kept.isEmpty();
        if (keptBytes > 0) {
            keptBytes = 0;
            connection.hold(0, 0);
        }
        for (Object next = kept.poll(); next != null; next = kept.poll()) {
            if (next instanceof Event event) {
                ctx.fireUserEventTriggered(event.event);
            } else {
                ctx.fireChannelRead(next);
            }
        }
        if (any) {
            ctx.fireChannelReadComplete();
        }
        if (!ctx.isRemoved()) {
            ctx.pipeline().remove(this);
        }
    }

    private boolean keeps() {
        return !released || !kept.isEmpty();
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        ctx = context;
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        if (!released) {
            filtering.ended(); // closed before it was active
        }
        for (Object next = kept.poll(); next != null; next = kept.poll()) {
            ReferenceCountUtil.release(next);
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        if (released) {
            context.fireChannelActive();
        } else {
            active = true;
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (!keeps()) {
            context.fireChannelRead(message);
            return;
        }
        kept.add(message);
        keptBytes += message instanceof ByteBuf bytes ? bytes.capacity() : 0;
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        if (!keeps()) {
            context.fireChannelReadComplete();
        } else if (!released && !kept.isEmpty()) {
            if (!stoppedReading && connection.config().isAutoRead()) {
                stoppedReading = true;
                connection.config().setAutoRead(false);
            }
            // With nothing but events, what is counted is the filter's.
            if (keptBytes > 0 && filtering.isWaiting() && !connection.hold(0, keptBytes)) {
                filtering.noRoom();
            }
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof Eviction || !keeps()) {
            context.fireUserEventTriggered(event);
        } else {
            kept.add(new Event(event));
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (released) {
            giveAll();
        } else {
            filtering.ended();
        }
        context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (released || cause instanceof IOException || !filtering.isWaiting()) {
            context.fireExceptionCaught(cause);
        } else {
            filtering.handlerFailed(cause);
        }
    }

    /** The handlers behind want to read: what was read already comes first. */
    @Override
    public void read(ChannelHandlerContext context) {
        if (released && !kept.isEmpty()) {
            giveAll();
        } else {
            context.read();
        }
    }
}
