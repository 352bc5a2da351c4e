package dev.baton.spi.listener;

import dev.baton.spi.ByBaton;
import dev.baton.spi.threading.AnyThread;
import java.time.Duration;
import java.util.concurrent.CompletionStage;

/** A listening socket that a set of loops shares, as other plugins see it. */
@ByBaton
@AnyThread
public interface Listener {

    /** Its name in the configuration. */
    String name();

    /** Where it really listens, for example {@code 127.0.0.1:8080}; what was configured while it is not bound. */
    String address();

    /** What it does now. */
    ListenerState state();

    /**
     * How many connections that it accepted are open now; for a moment, one more for each loop that tries to accept.
     */
    int connections();

    /**
     * Stops accepting; the socket stays bound and the kernel continues to queue.
     *
     * @return what really happened; never fails exceptionally
     */
    CompletionStage<ListenerResult> suspend();

    /** Accepts again after {@link #suspend}. */
    CompletionStage<ListenerResult> resume();

    /**
     * Unbinds for good, by the configured strategy.
     *
     * @param grace how long connections may go on, for strategies that let them
     * @return completes when the port can be bound again and the strategy is done with the connections
     */
    CompletionStage<ListenerResult> unbind(Duration grace);
}
