package dev.baton.runtime.channel;

import io.netty.channel.DefaultChannelPipeline;
import java.io.IOException;

/** A pipeline in which an exception that nobody handles closes the connection. */
final class GuardedPipeline extends DefaultChannelPipeline {
    private final FdChannel channel;

    GuardedPipeline(FdChannel channel) {
        super(channel);
        this.channel = channel;
    }

    @Override
    protected void onUnhandledInboundException(Throwable cause) {
        if (cause instanceof IOException ended) {
            channel.ended(ended);
        } else {
            channel.failed(cause);
        }
    }

    @Override
    protected void onUnhandledInboundMessage(Object message) {
        channel.unhandled(message);
        super.onUnhandledInboundMessage(message);
    }
}
