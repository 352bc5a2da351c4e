package dev.baton.simulation;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Notes what a pipeline is told, and on which thread. */
class Recorder extends ChannelInboundHandlerAdapter {
    /** {@code read xyz on L0}, {@code inactive on L1} and so on. */
    final List<String> calls = new ArrayList<>();

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
        ByteBuf buffer = (ByteBuf) message;
        try {
            note("read " + buffer.toString(StandardCharsets.UTF_8));
        } finally {
            buffer.release();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        note("inactive");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) throws Exception {
        if (cause instanceof java.io.IOException) {
            note("error");
            context.close();
        } else {
            super.exceptionCaught(context, cause);
        }
    }

    final void note(String what) {
        calls.add(what + " on " + Thread.currentThread().getName());
    }
}
