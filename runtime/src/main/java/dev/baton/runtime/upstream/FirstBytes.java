package dev.baton.runtime.upstream;

import dev.baton.spi.channel.MovableChannel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;

/**
 * Sends bytes before everything else on a new connection. It stands before all handlers of the protocol, so that what
 * they write passes it last, and has left the pipeline when their owner is told of the connection: that one finds its
 * own handlers there and no other.
 */
final class FirstBytes extends ChannelOutboundHandlerAdapter {
    private final byte[] bytes;

    FirstBytes(byte[] bytes) {
        this.bytes = bytes;
    }

    /**
     * Sends the first bytes of a connection that is open now, if it has any and they are not sent yet. Under the claim.
     */
    static void send(MovableChannel channel) {
        FirstBytes first = channel.pipeline().get(FirstBytes.class);
        if (first != null) {
            first.send(channel.pipeline().context(first));
        }
    }

    /**
     * From the head of the pipeline: a handler that was added before this one, for TLS for example, must not change
     * them.
     */
    private void send(ChannelHandlerContext context) {
        ChannelPipeline pipeline = context.pipeline();
        pipeline.remove(this);
        FirstBytes head = new FirstBytes(bytes);
        pipeline.addFirst(head);
        ChannelHandlerContext first = pipeline.context(head);
        pipeline.remove(head);
        first.writeAndFlush(first.alloc().buffer(bytes.length).writeBytes(bytes));
    }

    /** Sooner than the end of the connect was told. */
    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        send(context);
        context.write(message, promise);
    }
}
