package dev.baton.jcstress.fd;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LLLL_Result;

/** Row R02: two deletes of the old generation, of which one uses the number again. */
@JCStressTest
@Outcome(
        id = "INSERTED, false, 1, LIVE",
        expect = Expect.ACCEPTABLE,
        desc = "The late delete was refused and did not hit the new generation.")
@Outcome(
        id = "INSERTED, true, 1, LIVE",
        expect = Expect.ACCEPTABLE,
        desc = "The other has deleted and closed it; then the number was used again.")
@Outcome(
        id = "STILL OPEN, true, 1, NOT THERE",
        expect = Expect.ACCEPTABLE,
        desc = "The other has deleted it and was about to close it.")
@State
public class ReuseDelete extends Race {
    public ReuseDelete() {
        super(LOOP_1);
    }

    @Actor
    public void reuse(LLLL_Result r) {
        TABLE.fdDelete(fd);
        r.r1 = reopen(LOOP_1);
    }

    @Actor
    public void delete(LLLL_Result r) {
        r.r2 = TABLE.fdDelete(fd);
    }

    @Arbiter
    public void quiet(LLLL_Result r) {
        r.r3 = closes();
        r.r4 = nextIs();
        end();
    }
}
