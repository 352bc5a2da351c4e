package dev.baton.jcstress.fd;

import dev.baton.runtime.fd.FdHandler;
import dev.baton.runtime.fd.FdObservers;
import dev.baton.runtime.fd.FdPollers;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.fd.FdTable.Entry;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.testkit.ClosingPosix;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * One sample: an fd of the one table, its handler, and the operations of the actors, each with the checks that hold in
 * every race. The fields are plain on purpose: only the table orders the threads.
 */
abstract class Race implements FdHandler {
    /** The loops of the actors. */
    static final int LOOP_1 = 1;

    static final int LOOP_2 = 2;
    /** Owner of fds that both actors want to take. */
    static final int LOOP_3 = 3;

    private static final Numbers NUMBERS = new Numbers();
    /** How often each loop's poller was told to drop a number; by number. */
    private static final AtomicIntegerArray REMOVALS = new AtomicIntegerArray(1 << 16);

    private static final FdPollers POLLERS = new FdPollers() {
        @Override
        public boolean closeRemoves() {
            return true;
        }

        @Override
        public void remove(int loop, Fd fd) {
            REMOVALS.incrementAndGet(fd.number());
        }
    };

    static final FdTable TABLE = new FdTable(ClosingPosix.of(NUMBERS::close), POLLERS, new FdObservers());

    final int number;
    Fd fd;

    /** Counts what ran under claims; plain, so that a claim that excludes nobody loses some. */
    int runs;
    /** What {@link #finalizing} saw in {@link #runs}. */
    int runsSeenByFinalizer = -1;

    private Race(boolean inserted, int owner, int... sharers) {
        number = NUMBERS.openAny();
        REMOVALS.set(number, 0);
        fd = insert(owner, sharers);
        TABLE.leave(fd);
        if (!inserted) {
            TABLE.fdDelete(fd);
            if (!NUMBERS.open(number)) {
                throw new IllegalStateException("not closed by its delete, or opened by nobody: " + number);
            }
        }
    }

    /** Starts with an fd of a loop. */
    Race(int owner) {
        this(true, owner);
    }

    /** Starts with an fd that both actors' loops share. */
    Race() {
        this(true, FdTable.SHARED, LOOP_1, LOOP_2);
    }

    /** Starts with an open number in a FREE slot; {@link #fd} is the old generation. */
    Race(Free free) {
        this(false, LOOP_1);
    }

    /** Marks a constructor. */
    enum Free {
        SLOT
    }

    private Fd insert(int owner, int... sharers) {
        return sharers.length == 0
                ? TABLE.fdInsert(number, FdKind.UPSTREAM, "test", this, owner)
                : TABLE.fdInsertShared(number, FdKind.LISTENER, "test", this, sharers);
    }

    // ---- what actors do ---------------------------------------------------------------------------------------------

    /** An event: enter, run, leave. */
    final String event(Fd of, int loop) {
        Entry entry = TABLE.enter(of.number(), of.generation(), loop);
        if (entry != Entry.ENTERED) {
            return entry.name();
        }
        String ran = run();
        TABLE.leave(of);
        return ran.isEmpty() ? "ENTERED" : ran;
    }

    /** An event of a shared fd, in which others may run too: nothing is counted. */
    final String sharedEvent(int loop, boolean deletes) {
        Entry entry = TABLE.enter(number, fd.generation(), loop);
        if (entry != Entry.ENTERED) {
            return entry.name();
        }
        if (deletes) {
            TABLE.fdDelete(fd);
        }
        boolean open = NUMBERS.isOpen(number);
        TABLE.leave(fd);
        return open ? "ENTERED" : "RAN IN A CLOSED FD";
    }

    /** Takes over, runs, and leaves. */
    final String takeover(Fd of, int thief) {
        int victim = TABLE.fdTakeover(of, thief, FdTable.ANY_VICTIM);
        if (victim < 0) {
            return victim == FdTable.BUSY ? "BUSY" : "GONE";
        }
        String ran = run();
        TABLE.leave(of);
        return ran.isEmpty() ? "TAKEN" : ran;
    }

    /** Somebody opens the number, if it is free by now, and inserts it for a loop. */
    final String reopen(int loop) {
        if (!NUMBERS.open(number)) {
            return "STILL OPEN";
        }
        return insertNext(loop);
    }

    /** Inserts the number, which is open, for a loop. */
    final String insertNext(int loop) {
        Fd next = insert(loop);
        if (next.generation() != fd.generation() + 1) {
            return "INSERTED AS " + next;
        }
        TABLE.leave(next);
        return "INSERTED";
    }

    /** Inserts the number, which is open, for both loops. */
    final void insertShared() {
        TABLE.leave(insert(FdTable.SHARED, LOOP_1, LOOP_2));
    }

    /** What runs under a claim: empty if all was well. */
    private String run() {
        runs++;
        if (!NUMBERS.isOpen(number)) {
            return "RAN IN A CLOSED FD";
        }
        return TABLE.handler(number) == this ? "" : "RAN WITH ANOTHER HANDLER";
    }

    // ---- what arbiters look at, when all is quiet
    // ----------------------------------------------------------------------

    /** How often the number was closed. */
    final int closes() {
        return NUMBERS.closes(number);
    }

    final int removals() {
        return REMOVALS.get(number);
    }

    final Fd next() {
        return new Fd(number, fd.generation() + 1);
    }

    /** What has become of the generation after {@link #fd}: LIVE, and idle as can be, or not there. */
    final String nextIs() {
        if (!TABLE.isLive(next())) {
            return "NOT THERE";
        }
        return TABLE.fdTakeover(next(), LOOP_3, FdTable.ANY_VICTIM) < 0 ? "HELD" : left("LIVE");
    }

    private String left(String answer) {
        TABLE.leave(next());
        return answer;
    }

    /** Gives the number back for other samples. */
    final void end() {
        TABLE.fdDelete(fd);
        TABLE.fdDelete(next());
    }

    // ---- the handler
    // --------------------------------------------------------------------------------------------------

    @Override
    public void dispatch(int loop, int ready) {}

    @Override
    public void finalizing(int lastOwner) {
        runsSeenByFinalizer = runs;
    }

    @Override
    public void closed() {}
}
