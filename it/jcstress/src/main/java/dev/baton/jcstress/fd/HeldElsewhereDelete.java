package dev.baton.jcstress.fd;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZII_Result;

/** Row R16: an fd is noted as held by somebody else while it is deleted. */
@JCStressTest
@Outcome(id = "true, 1, 0", expect = Expect.ACCEPTABLE, desc = "The note came too late.")
@Outcome(
        id = "true, 1, 1",
        expect = Expect.ACCEPTABLE,
        desc = "The note came in time: taken out of the poller before the close.")
@State
public class HeldElsewhereDelete extends Race {
    public HeldElsewhereDelete() {
        super(LOOP_1);
    }

    @Actor
    public void held(ZII_Result r) {
        TABLE.heldElsewhere(fd);
    }

    @Actor
    public void delete(ZII_Result r) {
        r.r1 = TABLE.fdDelete(fd);
    }

    @Arbiter
    public void quiet(ZII_Result r) {
        r.r2 = closes();
        r.r3 = removals();
        end();
    }
}
