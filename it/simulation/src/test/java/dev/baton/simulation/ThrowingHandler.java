package dev.baton.simulation;

import dev.baton.spi.channel.MovableChannel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.util.ReferenceCountUtil;
import java.util.List;

/** Throws in one of its callbacks, after it has done there what it owes others. */
final class ThrowingHandler extends ChannelDuplexHandler {
    /** These cost the connection. */
    static final List<String> COSTLY = List.of(
            "handlerAdded",
            "handlerRemoved",
            "channelActive",
            "channelRead",
            "channelReadComplete",
            "channelWritabilityChanged",
            "userEventTriggered",
            "channelInactive",
            "channelUnregistered",
            "read",
            "flush");
    /** These are swallowed, or told by the future. */
    static final List<String> SWALLOWED = List.of("exceptionCaught", "write", "close");
    /** These come when the peer has closed. */
    static final List<String> ATTHEEND = List.of("handlerRemoved", "channelInactive", "channelUnregistered");

    private final String where;
    private final Thrown error;
    int thrown;

    ThrowingHandler(String where, Thrown error) {
        this.where = where;
        this.error = error;
    }

    private void at(String here) {
        if (here.equals(where)) {
            thrown++;
            error.now();
        }
    }

    /** On the connection's loop, under no claim yet: makes those happen that do not come by themselves. */
    void provoke(MovableChannel channel) {
        switch (where) {
            case "exceptionCaught" -> channel.pipeline().fireExceptionCaught(new IllegalStateException("provoked"));
            case "userEventTriggered" -> channel.pipeline().fireUserEventTriggered("event");
            case "close" -> channel.close();
            case "channelWritabilityChanged" -> {
                channel.config().setWriteBufferWaterMark(new WriteBufferWaterMark(1, 2));
                channel.writeAndFlush(channel.alloc().directBuffer().writeBytes(new byte[4]));
            }
            default -> {}
        }
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        at("handlerAdded");
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        at("handlerRemoved");
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        context.fireChannelActive();
        at("channelActive");
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        context.fireChannelInactive();
        at("channelInactive");
    }

    @Override
    public void channelUnregistered(ChannelHandlerContext context) {
        context.fireChannelUnregistered();
        at("channelUnregistered");
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        context.fireChannelRead(message);
        at("channelRead");
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        context.fireChannelReadComplete();
        at("channelReadComplete");
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        context.fireChannelWritabilityChanged();
        at("channelWritabilityChanged");
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        at("userEventTriggered");
    }

    @Override
    @SuppressWarnings("deprecation") // it is the one that Netty calls
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        at("exceptionCaught");
        context.fireExceptionCaught(cause);
    }

    @Override
    public void read(ChannelHandlerContext context) {
        context.read();
        at("read");
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (where.equals("write")) {
            ReferenceCountUtil.release(message);
        }
        at("write");
        context.write(message, promise);
    }

    @Override
    public void flush(ChannelHandlerContext context) {
        context.flush();
        at("flush");
    }

    @Override
    public void close(ChannelHandlerContext context, ChannelPromise promise) {
        at("close");
        context.close(promise);
    }
}
