package dev.baton.spi.admin;

import dev.baton.spi.ByBaton;
import dev.baton.spi.threading.AnyThread;
import java.util.List;

/** Counts the connections that change loops, until it is closed. */
@ByBaton
@AnyThread
public interface MoveCount extends AutoCloseable {

    /** All since it was begun, by from and to. What is counted at the same time may be missing. */
    List<Move> moves();

    /** Counts no more. */
    @Override
    void close();
}
