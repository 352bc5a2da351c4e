package dev.baton.jcstress.fd;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LLLL_Result;

/** Row R05: two thieves, which both give the fd back. */
@JCStressTest
@Outcome(id = "TAKEN, TAKEN, 0, 2", expect = Expect.ACCEPTABLE, desc = "One after the other.")
@Outcome(id = "TAKEN, BUSY, 0, 1", expect = Expect.ACCEPTABLE, desc = "The second came during the claim of the first.")
@Outcome(id = "BUSY, TAKEN, 0, 1", expect = Expect.ACCEPTABLE, desc = "The first came during the claim of the second.")
@State
public class TakeoverTakeover extends Race {
    public TakeoverTakeover() {
        super(LOOP_3);
    }

    @Actor
    public void takeover1(LLLL_Result r) {
        r.r1 = takeover(fd, LOOP_1);
    }

    @Actor
    public void takeover2(LLLL_Result r) {
        r.r2 = takeover(fd, LOOP_2);
    }

    @Arbiter
    public void quiet(LLLL_Result r) {
        r.r3 = closes();
        r.r4 = runs;
        end();
    }
}
