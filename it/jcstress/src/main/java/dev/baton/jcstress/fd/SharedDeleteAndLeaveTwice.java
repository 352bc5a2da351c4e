package dev.baton.jcstress.fd;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZI_Result;

/** Row 11: both users of a shared fd delete and leave in one step. */
@JCStressTest
@Outcome(
        id = "true, false, 1",
        expect = Expect.ACCEPTABLE,
        desc = "The first has deleted it; the leave of the second has closed it.")
@Outcome(
        id = "false, true, 1",
        expect = Expect.ACCEPTABLE,
        desc = "The second has deleted it; the leave of the first has closed it.")
@State
public class SharedDeleteAndLeaveTwice extends Race {
    public SharedDeleteAndLeaveTwice() {
        super();
        TABLE.enter(number, fd.generation(), LOOP_1);
        TABLE.enter(number, fd.generation(), LOOP_2);
    }

    @Actor
    public void first(ZZI_Result r) {
        r.r1 = TABLE.fdDeleteAndLeave(fd);
        if (!r.r1) {
            TABLE.leave(fd);
        }
    }

    @Actor
    public void second(ZZI_Result r) {
        r.r2 = TABLE.fdDeleteAndLeave(fd);
        if (!r.r2) {
            TABLE.leave(fd);
        }
    }

    @Arbiter
    public void quiet(ZZI_Result r) {
        r.r3 = closes();
        end();
    }
}
