package dev.baton.jcstress.fd;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LLLL_Result;

/** Row R15: a number is inserted while an event of its last generation comes. */
@JCStressTest
@Outcome(id = "INSERTED, STALE, 1, LIVE", expect = Expect.ACCEPTABLE, desc = "The event belongs to what is gone.")
@State
public class InsertEvent extends Race {
    public InsertEvent() {
        super(Free.SLOT);
    }

    @Actor
    public void insert(LLLL_Result r) {
        r.r1 = insertNext(LOOP_1);
    }

    @Actor
    public void event(LLLL_Result r) {
        r.r2 = event(fd, LOOP_1);
    }

    @Arbiter
    public void quiet(LLLL_Result r) {
        r.r3 = closes();
        r.r4 = nextIs();
        end();
    }
}
