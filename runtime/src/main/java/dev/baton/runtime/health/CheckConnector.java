package dev.baton.runtime.health;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.loop.Loop;
import io.netty.channel.ChannelHandler;

/** Opens connections to the place where a server is checked: new ones, which no pool knows. */
@FunctionalInterface
public interface CheckConnector {

    /** Is told the outcome, once. */
    interface Outcome {
        /** Under a claim on the connection, which the caller gives back. */
        void connected(MovableChannel connection);

        /**
         * There is no connection.
         *
         * @param isTheServers whether the server is to blame, and not something that this process lacks
         */
        void failed(Throwable cause, boolean isTheServers);
    }

    /**
     * Opens one. The caller is the loop's thread.
     *
     * @param initializer sets its pipeline up
     * @param timeoutNanos how long that may take
     */
    void connect(Loop loop, ChannelHandler initializer, long timeoutNanos, Outcome outcome);
}
