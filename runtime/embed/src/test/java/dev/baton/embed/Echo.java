package dev.baton.embed;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;

/** Sends back what it gets, and holds its loop up for as long as a gate is shut where it is told to. */
final class Echo extends ChannelInboundHandlerAdapter {
    static final String BLOCK = "block";

    private final CountDownLatch gate;

    Echo(CountDownLatch gate) {
        this.gate = gate;
    }

    Echo() {
        this(new CountDownLatch(0));
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) throws InterruptedException {
        if (((ByteBuf) message).toString(StandardCharsets.US_ASCII).startsWith(BLOCK)) {
            gate.await();
        }
        context.writeAndFlush(message);
    }
}
