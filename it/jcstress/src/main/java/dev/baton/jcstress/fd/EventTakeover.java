package dev.baton.jcstress.fd;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LLLL_Result;

/** Row R05 and the seed: a late event of the owner while a thief takes the fd over. */
@JCStressTest
@Outcome(id = "ENTERED, TAKEN, 0, 2", expect = Expect.ACCEPTABLE, desc = "The event was over before the takeover.")
@Outcome(
        id = "ENTERED, BUSY, 0, 1",
        expect = Expect.ACCEPTABLE,
        desc = "The thief came during the event and was refused.")
@Outcome(
        id = "NOT_OWNER, TAKEN, 0, 1",
        expect = Expect.ACCEPTABLE,
        desc = "The takeover came first and the late event was refused.")
@State
public class EventTakeover extends Race {
    public EventTakeover() {
        super(LOOP_1);
    }

    @Actor
    public void event(LLLL_Result r) {
        r.r1 = event(fd, LOOP_1);
    }

    @Actor
    public void takeover(LLLL_Result r) {
        r.r2 = takeover(fd, LOOP_2);
    }

    @Arbiter
    public void quiet(LLLL_Result r) {
        r.r3 = closes();
        r.r4 = runs;
        end();
    }
}
