package dev.baton.runtime.launcher.rehearsal;

import dev.baton.runtime.launcher.admin.AdminException;
import java.time.Duration;
import java.util.Optional;

/** Something that may happen to a process, and can be had on purpose. */
interface Rehearsal {
    /** Longer than a client waits for a rescue, and shorter than a person takes notice of. */
    Duration NOTICEABLE = Duration.ofMillis(500);

    /** The word on the command line. */
    String name();

    /** What happens, and what is to come of it: a line for a person. */
    String does();

    /** Why it cannot be had with this process as it is; with what to do about it. */
    Optional<String> obstacle(ServedProcess process, Wishes wishes) throws AdminException;

    /**
     * Brings it about and returns when it is over. Blocks.
     *
     * @throws AdminException if the process cannot be asked for it, and nothing can be said about it
     */
    void play(Scene scene) throws AdminException;

    /** Whether a listener is for the clients that count. */
    default boolean counts(Endpoint endpoint, ServedProcess process) throws AdminException {
        return true;
    }

    /** How long a client may wait, if the operator has not said it. */
    default Duration maxWait() {
        return NOTICEABLE;
    }

    /** Whether it ends connections by its nature: each client may lose the one that it has then, and a request. */
    default boolean endsConnections() {
        return false;
    }
}
