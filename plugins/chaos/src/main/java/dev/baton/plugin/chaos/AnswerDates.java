package dev.baton.plugin.chaos;

import dev.baton.spi.http.HttpDate;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;

/** Puts a Date into every answer, also into what the aggregator says by itself. */
@ChannelHandler.Sharable
final class AnswerDates extends ChannelOutboundHandlerAdapter {
    static final AnswerDates INSTANCE = new AnswerDates();

    private AnswerDates() {}

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) throws Exception {
        if (message instanceof HttpResponse response
                && response.status().codeClass() != HttpStatusClass.INFORMATIONAL) {
            response.headers().set(HttpHeaderNames.DATE, HttpDate.now());
        }
        super.write(context, message, promise);
    }
}
