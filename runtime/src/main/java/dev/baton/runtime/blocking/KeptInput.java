package dev.baton.runtime.blocking;

import dev.baton.spi.channel.Eviction;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Stands before a handler that waits, and keeps what comes for it: messages that were decoded of what was read already, and the
 * events between. They are given to it in order when the wait is over, until it waits again. The end of the connection is not kept.
 *
 * <p>It leaves the pipeline when it has nothing more to give. Everything under the claim.
 */
final class KeptInput extends ChannelInboundHandlerAdapter {
    private static final Object ACTIVE = new Object();
    private static final Object READ_COMPLETE = new Object();

    private final ArrayDeque<Object> kept = new ArrayDeque<>();
    private @Nullable BlockingCall waits;
    private boolean giving;

    @SuppressWarnings("NullAway.Init") // set when the handler is added, before anything else is called
    private ChannelHandlerContext ctx;

    /** An event between messages. */
    private record Event(Object event) {}

    private KeptInput() {}

    /** That of a handler, which is put before it if it is not there. */
    static KeptInput before(ChannelHandlerContext handler) {
        ChannelPipeline pipeline = handler.pipeline();
        String name = "kept input of " + handler.name();
        if (pipeline.get(name) instanceof KeptInput there) {
            return there;
        }
        KeptInput made = new KeptInput();
        pipeline.addBefore(handler.name(), name, made);
        return made;
    }

    /** Keeps from now on. */
    void begin(BlockingCall call) {
        waits = call;
    }

    /** The wait is over: {@link #giveAll} follows. */
    void end() {
        waits = null;
    }

    /** Gives what was kept, as long as the handler does not wait. */
    void giveAll() {
        if (giving) {
            return;
        }
        giving = true;
        try {
            while (waits == null && !kept.isEmpty() && ctx.channel().isOpen()) {
                give(kept.remove());
            }
        } finally {
            giving = false;
        }
        if (waits == null && !ctx.isRemoved()) {
            ctx.pipeline().remove(this);
        }
    }

    private void give(Object next) {
        if (next == ACTIVE) {
            ctx.fireChannelActive();
        } else if (next == READ_COMPLETE) {
            ctx.fireChannelReadComplete();
        } else if (next instanceof Event event) {
            ctx.fireUserEventTriggered(event.event);
        } else {
            ctx.fireChannelRead(next);
        }
    }

    private boolean keeps() {
        return waits != null || !kept.isEmpty();
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        ctx = context;
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        closed();
    }

    private void closed() {
        BlockingCall waiting = waits;
        if (waiting != null) {
            waits = null;
            waiting.closed();
        }
        for (Object next = kept.poll(); next != null; next = kept.poll()) {
            ReferenceCountUtil.release(next);
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        if (keeps()) {
            kept.add(ACTIVE);
        } else {
            context.fireChannelActive();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (keeps()) {
            kept.add(message);
        } else {
            context.fireChannelRead(message);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        if (keeps()) {
            kept.add(READ_COMPLETE);
        } else {
            context.fireChannelReadComplete();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (keeps() && !(event instanceof Eviction)) {
            kept.add(new Event(event));
        } else {
            context.fireUserEventTriggered(event);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        closed();
        context.fireChannelInactive();
    }
}
