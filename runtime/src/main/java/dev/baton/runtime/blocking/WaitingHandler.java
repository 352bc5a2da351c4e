package dev.baton.runtime.blocking;

import dev.baton.runtime.channel.MovableStreamChannel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.Attribute;
import io.netty.util.AttributeKey;

/**
 * A handler that waits, and with it the input of its connection: the socket is read no further while any handler of the
 * connection waits, and {@link KeptInput} keeps what was read already.
 */
final class WaitingHandler implements Waiter {
    /** How many handlers of a connection wait; absent or null if none does. Read and written under the claim. */
    private static final AttributeKey<Integer> WAITING = AttributeKey.valueOf(WaitingHandler.class, "WAITING");

    private final MovableStreamChannel connection;
    private final KeptInput kept;

    /**
     * Does not wait yet.
     *
     * @throws IllegalStateException if the handler waits already
     */
    WaitingHandler(MovableStreamChannel connection, ChannelHandlerContext handler) {
        this.connection = connection;
        kept = KeptInput.before(handler);
        if (kept.waits()) {
            throw new IllegalStateException(
                    "handler " + handler.name() + " of " + connection + " waits for blocking work already");
        }
    }

    void begin(BlockingCall call) {
        kept.begin(call);
        count(1);
        connection.pauseInput();
    }

    @Override
    public boolean end(BlockingCall call) {
        if (!kept.end(call)) {
            return false;
        }
        count(-1);
        return true;
    }

    @Override
    public void told() {
        kept.giveAll();
        if (count(0) == 0 && connection.isOpen()) {
            connection.resumeInput();
        }
    }

    /** One handler more or less waits. Returns how many do now. */
    private int count(int more) {
        Attribute<Integer> waiting = connection.attr(WAITING);
        Integer before = waiting.get();
        int now = (before == null ? 0 : before) + more;
        waiting.set(now == 0 ? null : now);
        return now;
    }
}
