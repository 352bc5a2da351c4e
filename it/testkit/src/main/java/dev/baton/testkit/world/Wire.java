package dev.baton.testkit.world;

import java.io.IOException;
import java.time.Duration;

/** A connection in one of the worlds, seen from outside the process under test. Only {@link #await} waits. */
interface Wire {
    /** Answer of {@link #read}: the other side has ended in order. */
    int END = -1;
    /** Answer of {@link #read}: the connection was reset. */
    int RESET = -2;

    /**
     * Sends what fits.
     *
     * @return how many bytes that is
     * @throws IOException if the connection is gone
     */
    int write(byte[] bytes, int offset) throws IOException;

    /** How many bytes were put into the target; 0 if there are none now; {@link #END} or {@link #RESET}. */
    int read(byte[] target);

    /**
     * Waits until there is something to read, be it an end.
     *
     * @param room whether room to write will do, too
     * @return whether there is, within the time
     */
    boolean await(boolean room, Duration limit);

    void shutdownOutput();

    void reset();

    /** In order. A second time does nothing. */
    void close();
}
