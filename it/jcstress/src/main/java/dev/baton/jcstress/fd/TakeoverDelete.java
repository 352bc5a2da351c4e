package dev.baton.jcstress.fd;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LLLL_Result;

/** A takeover while somebody deletes the fd. */
@JCStressTest
@Outcome(
        id = "TAKEN, true, 1, 1",
        expect = Expect.ACCEPTABLE,
        desc = "Taken, then deleted; or deleted during the claim, and the thief has closed it.")
@Outcome(id = "GONE, true, 1, 0", expect = Expect.ACCEPTABLE, desc = "The delete came first and has closed it.")
@State
public class TakeoverDelete extends Race {
    public TakeoverDelete() {
        super(LOOP_1);
    }

    @Actor
    public void takeover(LLLL_Result r) {
        r.r1 = takeover(fd, LOOP_2);
    }

    @Actor
    public void delete(LLLL_Result r) {
        r.r2 = TABLE.fdDelete(fd);
    }

    @Arbiter
    public void quiet(LLLL_Result r) {
        r.r3 = closes();
        r.r4 = runsSeenByFinalizer;
        end();
    }
}
