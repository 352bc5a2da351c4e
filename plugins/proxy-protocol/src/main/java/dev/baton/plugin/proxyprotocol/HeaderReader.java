package dev.baton.plugin.proxyprotocol;

import dev.baton.spi.channel.ConnectionFacts;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.filter.Next;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import org.jspecify.annotations.Nullable;

/**
 * Reads a header, which has to be the first that comes: section 5 of the protocol forbids to guess whether there is
 * one. What comes behind it is passed on. Runs under the claim, and leaves the pipeline when it has decided.
 */
final class HeaderReader extends ChannelInboundHandlerAdapter {
    private final Next next;
    private final int limit;

    /** What has come of the header; null if nothing has. */
    private @Nullable ByteBuf begun;

    private boolean refused;

    /** Tells its decision to this. */
    HeaderReader(Next next, int limit) {
        this.next = next;
        this.limit = limit;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (refused) {
            ReferenceCountUtil.release(message);
            return;
        }
        boolean first = begun == null;
        ByteBuf all = join((ByteBuf) message);
        Header header = null;
        String malformed = "";
        try {
            header = Header.parse(all, limit);
        } catch (Header.MalformedException e) {
            malformed = String.valueOf(e.getMessage());
        } finally {
            if (header == null) {
                refused = true;
                all.release();
            }
        }
        if (header == null) {
            next.refuse(malformed);
            return;
        }
        if (header.isComplete()) {
            pass(context, all.skipBytes(header.bytes()), header.facts());
        } else {
            begun = first ? own(context, all) : all;
        }
    }

    /** What has come so far, with this behind it. */
    private ByteBuf join(ByteBuf more) {
        ByteBuf before = begun;
        if (before == null) {
            return more;
        }
        begun = null;
        try {
            return before.writeBytes(more);
        } finally {
            more.release();
        }
    }

    /** In a buffer of its own, which grows: the one that was read may be large, or part of another. */
    private static ByteBuf own(ChannelHandlerContext context, ByteBuf part) {
        try {
            return context.alloc().buffer(part.readableBytes()).writeBytes(part);
        } finally {
            part.release();
        }
    }

    private void pass(ChannelHandlerContext context, ByteBuf rest, @Nullable ConnectionFacts facts) {
        if (rest.isReadable()) {
            context.fireChannelRead(rest);
        } else {
            rest.release();
        }
        context.pipeline().remove(this);
        if (facts == null) {
            next.proceed();
        } else {
            ConnectionFacts known = ((MovableChannel) context.channel()).facts();
            next.proceed(known.withAddresses(facts.client(), facts.server()));
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        ByteBuf before = begun;
        if (before != null) {
            begun = null;
            before.release();
        }
    }
}
