package dev.baton.plugin.chaos;

import dev.baton.spi.fd.ClosedBy;
import dev.baton.spi.fd.FdHook;
import dev.baton.spi.fd.FdInfo;
import jakarta.inject.Inject;

/** Sleeps in the fd table's callbacks where a delay is set, which a hook must not do: that is the rehearsal. */
final class DelayHook implements FdHook {
    private final Delays delays;

    @Inject
    DelayHook(Delays delays) {
        this.delays = delays;
    }

    @Override
    public void inserted(FdInfo fd) {
        delays.pass(Point.FD_INSERTED);
    }

    @Override
    public void takenOver(FdInfo fd, int victim, int thief) {
        delays.pass(Point.FD_TAKEN_OVER);
    }

    @Override
    public void orphaned(FdInfo fd) {
        delays.pass(Point.FD_ORPHANED);
    }

    @Override
    public void closed(FdInfo fd, ClosedBy by) {
        delays.pass(Point.FD_CLOSED);
    }
}
