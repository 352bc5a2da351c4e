package dev.baton.runtime.loop;

import io.netty.channel.EventLoop;

/** A channel that wants to choose the event loop under which it is registered: its own facade, or the loop itself. */
public interface Attachable {

    /**
     * Called when the channel is registered with a loop.
     *
     * @return what becomes its {@code eventLoop()} for life
     */
    EventLoop attach(BatonLoop loop);
}
