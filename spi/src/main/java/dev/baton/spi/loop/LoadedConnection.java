package dev.baton.spi.loop;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.threading.AnyThread;

/** A connection and its load, for code that shares work out among loops: all that it can do with it is move it. */
@AnyThread
public interface LoadedConnection {

    /** The pair that names it. */
    Fd fd();

    /** Which side of the process it is on. */
    FdKind kind();

    /** The loop that owns it now, or owned it last. Out of date when it returns. */
    Loop loop();

    /**
     * How much has run in it since it began: each event, each batch of its tasks and each message from another
     * connection counts as one, and so does each buffer that a read has filled. Counts on wherever it goes, never back.
     * Cost: a read.
     */
    long events();
}
