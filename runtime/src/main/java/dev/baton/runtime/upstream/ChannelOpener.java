package dev.baton.runtime.upstream;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.threading.AnyThread;

/** Makes the channels of upstream connections: not registered, not connected, without a socket yet. */
@FunctionalInterface
public interface ChannelOpener {

    /**
     * Makes one.
     *
     * @param plugin the plugin that its callbacks are counted for
     */
    @AnyThread
    MovableChannel open(String plugin);
}
