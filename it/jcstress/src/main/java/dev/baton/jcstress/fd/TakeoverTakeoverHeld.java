package dev.baton.jcstress.fd;

import static dev.baton.runtime.fd.FdTable.ANY_VICTIM;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/** Row R05: two thieves, of which the one that wins keeps its claim: exactly one owns the fd. */
@JCStressTest
@Outcome(id = "3, -1, 1", expect = Expect.ACCEPTABLE, desc = "The first has it, the second was refused.")
@Outcome(id = "-1, 3, 2", expect = Expect.ACCEPTABLE, desc = "The second has it, the first was refused.")
@State
public class TakeoverTakeoverHeld extends Race {
    public TakeoverTakeoverHeld() {
        super(LOOP_3);
    }

    @Actor
    public void takeover1(III_Result r) {
        r.r1 = TABLE.fdTakeover(fd, LOOP_1, ANY_VICTIM);
    }

    @Actor
    public void takeover2(III_Result r) {
        r.r2 = TABLE.fdTakeover(fd, LOOP_2, ANY_VICTIM);
    }

    @Arbiter
    public void quiet(III_Result r) {
        r.r3 = TABLE.owner(fd);
        TABLE.leave(fd);
        end();
    }
}
