package dev.baton.spi;

import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.threading.OffLoop;
import java.util.concurrent.CompletionStage;

/** Something that starts and stops with the process: an admin server, a watchdog. */
public interface Component {

    /**
     * Starts. Components start after the loops and before the listeners accept.
     *
     * @return completes with what the start-up lines say of it, for example {@code admin on 127.0.0.1:9901}; empty says
     *     nothing. A {@link java.net.BindException} in it ends the start with exit code 3
     */
    @OffLoop
    CompletionStage<String> start();

    /**
     * Stops; called in the reverse order of the starts, after the connections have ended. After a reload of the plugin
     * that is after those connections and requests that the old version still serves.
     */
    @OffLoop
    CompletionStage<Void> stop();

    /** How a new version of this component takes the place of this one, when its plugin is reloaded. */
    @AnyThread
    default Replacement replacement() {
        return Replacement.NEW_FIRST;
    }
}
