package dev.baton.runtime.server;

import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The steps of an end, one after the other, none of which can hold it up for ever.
 *
 * <p>Threading: {@link #now} by any thread, the rest by the one that ends the server.
 */
final class EndSteps {
    private static final Logger LOG = LoggerFactory.getLogger(EndSteps.class);

    /** How long each step may take; what has not ended then goes with the process. */
    private static final Duration MAX = Duration.ofSeconds(5);

    private final Machine machine;
    private volatile String now = "draining";

    EndSteps(Machine machine) {
        this.machine = machine;
    }

    /** The step that is being made, for a person. */
    String now() {
        return now;
    }

    /** Says which step comes. */
    void begin(String step) {
        now = step;
    }

    /** Makes a step, and continues without it if it takes longer than 5 s or fails, which is logged. */
    void make(String step, Supplier<? extends CompletionStage<?>> action) {
        begin(step); // before the action, which may be what hangs
        CompletionStage<?> stage;
        try {
            stage = action.get();
        } catch (RuntimeException e) {
            LOG.warn("{} failed", step, e);
            return;
        }
        try {
            machine.await(stage, MAX);
        } catch (TimeoutException e) {
            LOG.warn("{} takes longer than {} s; the process ends without it", step, MAX.toSeconds());
        } catch (ExecutionException e) {
            LOG.warn("{} failed", step, e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
