package dev.baton.jcstress.fd;

import dev.baton.runtime.fd.FdTable.Entry;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LL_Result;

/** The side fields of an fd, written before the insert, are seen by whoever enters. */
@JCStressTest
@Outcome(id = "STALE, 0", expect = Expect.ACCEPTABLE, desc = "The event came before the insert.")
@Outcome(
        id = "ENTERED, 42",
        expect = Expect.ACCEPTABLE,
        desc = "Entered, with the handler and what was written in it before.")
@State
public class InsertVisible extends Race {
    private int written;

    public InsertVisible() {
        super(Free.SLOT);
    }

    @Actor
    public void insert(LL_Result r) {
        written = 42;
        insertShared();
    }

    @Actor
    public void event(LL_Result r) {
        r.r1 = TABLE.enter(number, fd.generation() + 1, LOOP_2);
        if (r.r1 == Entry.ENTERED) {
            r.r2 = TABLE.handler(number) instanceof InsertVisible handler ? handler.written : -1;
            TABLE.leave(next());
        } else {
            r.r2 = 0;
        }
    }

    @Arbiter
    public void quiet(LL_Result r) {
        end();
    }
}
