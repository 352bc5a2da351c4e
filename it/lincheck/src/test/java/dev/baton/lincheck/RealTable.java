package dev.baton.lincheck;

import dev.baton.runtime.fd.FdHandler;
import dev.baton.runtime.fd.FdObservers;
import dev.baton.runtime.fd.FdPollers;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.fd.FdTable.Entry;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.testkit.ClosingPosix;

/** The table that Baton runs on. */
final class RealTable implements Table {
    private static final FdPollers POLLERS = new FdPollers() {
        @Override
        public boolean closeRemoves() {
            return true;
        }

        @Override
        public void remove(int loop, Fd fd) {
            throw new AssertionError("close removes");
        }
    };

    private static final FdHandler HANDLER = new FdHandler() {
        @Override
        public void dispatch(int loop, int ready) {}

        @Override
        public void finalizing(int lastOwner) {}

        @Override
        public void closed() {}
    };

    private final FdTable table;
    private final int number;

    RealTable(Kernel kernel) {
        this.table = new FdTable(ClosingPosix.of(kernel::close), POLLERS, new FdObservers());
        this.number = Kernel.NUMBER;
    }

    @Override
    public int insert(int owner) {
        return table.fdInsert(number, FdKind.UPSTREAM, "test", HANDLER, owner).generation();
    }

    @Override
    public int insertShared(int... sharers) {
        return table.fdInsertShared(number, FdKind.LISTENER, "test", HANDLER, sharers)
                .generation();
    }

    @Override
    public Entry enter(int generation, int loop) {
        return table.enter(number, generation, loop);
    }

    @Override
    public void leave(int generation) {
        table.leave(new Fd(number, generation));
    }

    @Override
    public int takeover(int generation, int thief) {
        return table.fdTakeover(new Fd(number, generation), thief, FdTable.ANY_VICTIM);
    }

    @Override
    public boolean delete(int generation) {
        return table.fdDelete(new Fd(number, generation));
    }

    @Override
    public boolean deleteAndLeave(int generation) {
        return table.fdDeleteAndLeave(new Fd(number, generation));
    }
}
