package dev.baton.spi.admin;

import dev.baton.spi.listener.Listener;
import dev.baton.spi.threading.AnyThread;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** What an operator may do to the running process. */
@AnyThread
public interface RuntimeControl {

    /** The listener of this name, if there is one. */
    Optional<Listener> listener(String name);

    /** The names of all listeners, sorted: for "did you mean". */
    List<String> listenerNames();

    /** {@code grace} of the configuration. */
    Duration grace();

    /**
     * Drains, then stops.
     *
     * @param grace how long work may go on; null takes the configured time, zero cuts at once
     * @return completes when nothing is left or everything was cut, shortly before the process ends
     */
    CompletionStage<StopReport> stop(@Nullable Duration grace);
}
