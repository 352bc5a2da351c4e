package dev.baton.embed;

import io.netty.channel.socket.DuplexChannel;

/** Sets up the pipeline of a connection that was accepted. */
@FunctionalInterface
public interface ChannelSetup {

    /**
     * Called on a loop, before {@code channelActive}. What is thrown closes this connection and nothing else.
     *
     * @param channel any handler of Netty's may go in; its {@code eventLoop()} stays the same when another loop takes
     *     the connection over
     */
    void initialize(DuplexChannel channel) throws Exception;
}
