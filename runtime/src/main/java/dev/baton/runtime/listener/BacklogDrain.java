package dev.baton.runtime.listener;

import dev.baton.runtime.loop.Timer;
import dev.baton.spi.listener.BoundSocket;
import dev.baton.spi.listener.SocketOrigin;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Empties the kernel's queues of a listener before its sockets are closed, which would cut the connections in them.
 *
 * <p>A loop has the kernel refuse new connections first; then the loops go on accepting as always, within all limits.
 * It is over when no handshake is under way, and after that on each socket an accept has found no connection. On what
 * other processes hold too nothing is refused and nothing is left to do: what waits there is theirs.
 *
 * <p>Threading: {@link #start} by any thread, everything else on the timer's.
 */
final class BacklogDrain {
    private static final Logger LOG = LoggerFactory.getLogger(BacklogDrain.class);

    /** Between two looks at first: on one machine a handshake takes less. */
    static final Duration FIRST_LOOK = Duration.ofMillis(5);
    /** And at most, for a look may cost as much as the machine has connections. */
    private static final Duration LOOKS_MAX = Duration.ofMillis(200);

    private static final int UNKNOWN = -1;

    private final ListeningSockets sockets;
    private final Timer timer;
    private final LongSupplier clock;
    private final CompletableFuture<Void> over = new CompletableFuture<>();
    private final long deadline;
    private volatile int handshakes = UNKNOWN;

    BacklogDrain(ListeningSockets sockets, Timer timer, LongSupplier clock, Duration limit) {
        this.sockets = sockets;
        this.timer = timer;
        this.clock = clock;
        this.deadline = clock.getAsLong() + limit.toNanos();
    }

    /** Completes when no connection is left, or time is up. */
    CompletionStage<Void> start() {
        if (sockets.origin() == SocketOrigin.SHARED) {
            over.complete(null);
        } else {
            int refuse = Acceptor.REFUSE;
            if (sockets.origin() == SocketOrigin.INHERITED) {
                // Somebody else may want to go on with it: what is there now is accepted, and no more.
                sockets.all().forEach(ListeningSocket::mark);
                refuse = 0;
            }
            look(FIRST_LOOK, refuse);
        }
        return over.minimalCompletionStage();
    }

    /** How many handshakes were under way at the last look; their clients are cut with those in the queue. */
    int handshakes() {
        return Math.max(0, handshakes);
    }

    private void look(Duration next, int order) {
        sockets.all().forEach(ListeningSocket::lookAgain);
        // REFUSE again and again: until one of the loops has had time for it.
        sockets.requestAll(order | Acceptor.SYNC | Acceptor.ACCEPT);
        timer.after(next, () -> check(next, order));
    }

    private void check(Duration last, int order) {
        try {
            boolean emptied = sockets.all().stream().allMatch(ListeningSocket::isEmptied);
            // No handshake at the end of the last round, no connection in the queue at a moment of this one.
            if ((handshakes == 0 && emptied) || clock.getAsLong() - deadline >= 0) {
                over.complete(null);
                return;
            }
            handshakes = sockets.all().stream().allMatch(ListeningSocket::refuses) ? underWay() : UNKNOWN;
        } catch (Throwable t) { // a plugin's: an unbind must not hang on it
            LOG.warn("the backlog of {} cannot be drained", sockets.address(), t);
            over.complete(null);
            return;
        }
        Duration doubled = last.multipliedBy(2);
        look(doubled.compareTo(LOOKS_MAX) > 0 ? LOOKS_MAX : doubled, order);
    }

    /** Of all sockets at once: they have one address. */
    private int underWay() {
        for (ListeningSocket socket : sockets.all()) {
            BoundSocket bound = socket.bound();
            return bound == null ? 0 : bound.handshakes();
        }
        return 0;
    }
}
