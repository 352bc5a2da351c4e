package dev.baton.runtime.channel;

import io.netty.channel.Channel;
import io.netty.util.AttributeKey;

/**
 * Marks a channel that this process closes past its pipeline: its handlers see the end of a connection, which is no
 * fault of the other side. Under the claim.
 */
public final class ClosedHere {
    private static final AttributeKey<Boolean> KEY = AttributeKey.valueOf(ClosedHere.class, "KEY");

    private ClosedHere() {}

    /** Before the close. */
    public static void mark(Channel channel) {
        channel.attr(KEY).set(true);
    }

    /** Whether it was closed so, or is about to be. */
    public static boolean isMarked(Channel channel) {
        return channel.hasAttr(KEY);
    }
}
