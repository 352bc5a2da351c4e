package dev.baton.jcstress.fd;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LLLL_Result;

/** Row R05: a number is inserted while a thief comes for its last generation. */
@JCStressTest
@Outcome(id = "INSERTED, GONE, 1, LIVE", expect = Expect.ACCEPTABLE, desc = "What the thief wanted is gone.")
@State
public class InsertTakeover extends Race {
    public InsertTakeover() {
        super(Free.SLOT);
    }

    @Actor
    public void insert(LLLL_Result r) {
        r.r1 = insertNext(LOOP_1);
    }

    @Actor
    public void takeover(LLLL_Result r) {
        r.r2 = takeover(fd, LOOP_2);
    }

    @Arbiter
    public void quiet(LLLL_Result r) {
        r.r3 = closes();
        r.r4 = nextIs();
        end();
    }
}
