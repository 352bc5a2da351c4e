package dev.baton.jcstress.fd;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZI_Result;

/** Rows R02 and R03: the end of a claim meets a delete. */
@JCStressTest
@Outcome(
        id = "true, 1",
        expect = Expect.ACCEPTABLE,
        desc = "Closed by the leave that found the orphan, or by the delete that found nobody.")
@State
public class LeaveDelete extends Race {
    public LeaveDelete() {
        super(LOOP_1);
        TABLE.enter(number, fd.generation(), LOOP_1);
    }

    @Actor
    public void leave(ZI_Result r) {
        TABLE.leave(fd);
    }

    @Actor
    public void delete(ZI_Result r) {
        r.r1 = TABLE.fdDelete(fd);
    }

    @Arbiter
    public void quiet(ZI_Result r) {
        r.r2 = closes();
        end();
    }
}
