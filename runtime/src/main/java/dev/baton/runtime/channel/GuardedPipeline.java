package dev.baton.runtime.channel;

import io.netty.channel.DefaultChannelPipeline;
import java.io.IOException;

/** A pipeline in which an exception that no handler catches closes the connection. */
final class GuardedPipeline extends DefaultChannelPipeline {
    GuardedPipeline(FdChannel channel) {
        super(channel);
    }

    @Override
    protected void onUnhandledInboundException(Throwable cause) {
        if (cause instanceof IOException ended) {
            fdChannel().ended(ended);
        } else {
            fdChannel().failed(cause);
        }
    }

    @Override
    protected void onUnhandledInboundMessage(Object message) {
        fdChannel().unhandled(message);
        super.onUnhandledInboundMessage(message);
    }

    private FdChannel fdChannel() {
        return (FdChannel) channel();
    }
}
