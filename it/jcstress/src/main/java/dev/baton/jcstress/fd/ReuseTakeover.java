package dev.baton.jcstress.fd;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LLLLL_Result;

/** As an event in ReuseEvent, a thief that remembers the old generation (R05, F8). */
@JCStressTest
@Outcome(
        id = "INSERTED, GONE, 1, LIVE, 0",
        expect = Expect.ACCEPTABLE,
        desc = "The thief came too late and touched nothing.")
@Outcome(
        id = "INSERTED, TAKEN, 1, LIVE, 1",
        expect = Expect.ACCEPTABLE,
        desc = "The takeover was over before the number was used again.")
@Outcome(
        id = "STILL OPEN, TAKEN, 1, NOT THERE, 1",
        expect = Expect.ACCEPTABLE,
        desc = "The thief held it while the number was asked for; its leave has closed it.")
@State
public class ReuseTakeover extends Race {
    public ReuseTakeover() {
        super(LOOP_1);
    }

    @Actor
    public void reuse(LLLLL_Result r) {
        TABLE.fdDelete(fd);
        r.r1 = reopen(LOOP_1);
    }

    @Actor
    public void takeover(LLLLL_Result r) {
        r.r2 = takeover(fd, LOOP_2);
    }

    @Arbiter
    public void quiet(LLLLL_Result r) {
        r.r3 = closes();
        r.r4 = nextIs();
        r.r5 = runs;
        end();
    }
}
