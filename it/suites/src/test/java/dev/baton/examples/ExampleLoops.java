package dev.baton.examples;

import dev.baton.runtime.loop.LentLoops;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.IoHandlerFactory;

/**
 * What an example gets for a {@code MultiThreadIoEventLoopGroup}: the loops of its Baton. The example shuts the group
 * down and leaves the loops alone. Public for the examples' classes, which another loader loads.
 */
public final class ExampleLoops extends LentLoops {
    private final Example example;

    /** As Netty's: as many threads as it wants. */
    public ExampleLoops(IoHandlerFactory nio) {
        this(Example.current());
    }

    /** As Netty's, with a number of threads: those of the Baton are as many as its test says. */
    public ExampleLoops(int threads, IoHandlerFactory nio) {
        this(Example.current());
    }

    private ExampleLoops(Example example) {
        super((LentLoops) example.baton().loops());
        this.example = example;
    }

    @Override
    public ChannelFuture register(Channel channel) {
        example.watch(channel);
        return super.register(channel);
    }
}
