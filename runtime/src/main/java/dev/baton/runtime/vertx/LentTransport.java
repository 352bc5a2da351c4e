package dev.baton.runtime.vertx;

import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.loop.LentLoops;
import io.netty.channel.EventLoopGroup;
import java.util.concurrent.ThreadFactory;

/** Loops that are there already, for any number of Vert.x: they outlive each of them. Threading: any. */
final class LentTransport extends ChannelTransport {

    LentTransport(ChannelEnv env) {
        super(env);
    }

    /** The number of loops that Vert.x wants is not asked: there are as many as there are. */
    @Override
    public EventLoopGroup eventLoopGroup(int type, int count, ThreadFactory threads, int ioRatio) {
        return new LentLoops(env.loops()::batonLoops);
    }
}
