package dev.baton.runtime.pack;

import dev.baton.spi.threading.AnyThread;

/** Takes live connections to another process. */
@AnyThread
public interface Carrier {
    /**
     * Looks after a connection: asks it for its parcel as often as needed, and tells it what became of it.
     *
     * @param cameBack it was taken back already: the other process may take it some time later
     * @return false: no more go, and it is the caller's as before
     */
    boolean take(Departure departure, boolean cameBack);
}
