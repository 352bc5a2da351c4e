package dev.baton.testkit;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.fd.Fds;

/** A table that says it has deleted what it has not. */
record LeakyFds(Fds inner) implements Fds {

    @Override
    public Fd fdInsert(int number, FdKind kind) {
        return inner.fdInsert(number, kind);
    }

    @Override
    public boolean fdDelete(Fd fd) {
        return true;
    }
}
