package dev.baton.runtime.channel;

import dev.baton.runtime.fd.FdTable;
import dev.baton.spi.fd.Fd;

/**
 * A pipe of the kernel. It has one user at a time: a thread in the midst of a {@link Tunnel}'s turn, or the
 * {@link PipeBytes} that are in it, or {@link Pipes}, which keeps it for the next one. No poller has it, so that it
 * belongs to no loop.
 *
 * <p>Its user holds a claim on both ends, so that their numbers stay its own whoever deletes them.
 */
final class Pipe {
    private final Fd readEnd;
    private final Fd writeEnd;

    Pipe(Fd readEnd, Fd writeEnd) {
        this.readEnd = readEnd;
        this.writeEnd = writeEnd;
    }

    int readEnd() {
        return readEnd.number();
    }

    int writeEnd() {
        return writeEnd.number();
    }

    /** Its user, once. */
    void close(FdTable table) {
        table.fdRelease(readEnd);
        table.fdRelease(writeEnd);
    }
}
