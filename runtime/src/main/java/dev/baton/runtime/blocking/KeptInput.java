package dev.baton.runtime.blocking;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Stands before a handler that waits, and keeps what comes for it in order: messages that were decoded of what was read
 * already, the end of the peer's output, and exceptions of the handlers before, such as a decoder's. They are given to
 * it when the wait is over, until it waits again.
 *
 * <p>What does not belong to the order of the input passes at once, because the handler may have to act on it while the
 * work is not done: the end of the connection, IOExceptions (a reset), and user events but those of the end of input.
 * That holds for events that are not known here too: what has to stay between two messages is sent as a message.
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

    /** The end of input, between messages. */
    private record Event(Object event) {}

    /** An exception between messages. */
    private record Failure(Throwable cause) {}

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

    /** True from {@link #begin} to {@link #end} or the end of the connection. */
    boolean waits() {
        return waits != null;
    }

    /** Keeps from now on. */
    void begin(BlockingCall call) {
        waits = call;
    }

    /** The wait for a call is over: {@link #giveAll} follows. False if it was over before. */
    boolean end(BlockingCall call) {
        if (waits != call) {
            return false;
        }
        waits = null;
        return true;
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
        } else if (next instanceof Failure failure) {
            ctx.fireExceptionCaught(failure.cause);
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
        if (keeps() && isEndOfInput(event)) {
            kept.add(new Event(event));
        } else {
            context.fireUserEventTriggered(event);
        }
    }

    private static boolean isEndOfInput(Object event) {
        return event instanceof ChannelInputShutdownEvent || event instanceof ChannelInputShutdownReadComplete;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (keeps() && !(cause instanceof IOException)) {
            kept.add(new Failure(cause));
        } else {
            context.fireExceptionCaught(cause);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        closed();
        context.fireChannelInactive();
    }
}
