package dev.baton.plugin.http.exchange;

import dev.baton.spi.channel.MovableChannel;
import java.util.concurrent.RejectedExecutionException;

/** What one end of an exchange sends to the other where it cannot enter it. */
public final class Messages {
    private Messages() {}

    /**
     * Runs a message under a claim on the other end's connection, now or later, behind what was posted before.
     *
     * @return false: it will never run, because the loop of the other end has ended. What the message holds is still
     *     the caller's, which has no other end left and closes
     */
    public static boolean post(MovableChannel to, Runnable message) {
        try {
            to.post(message);
            return true;
        } catch (RejectedExecutionException ended) {
            return false;
        }
    }
}
