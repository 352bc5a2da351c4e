package dev.baton.jcstress.fd;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LLLLL_Result;

/** Rows R07, R10 and R15: the fd is deleted and its number used again, while a late event of the old one comes. */
@JCStressTest
@Outcome(
        id = "INSERTED, STALE, 1, LIVE, 0",
        expect = Expect.ACCEPTABLE,
        desc = "The event came too late and touched nothing.")
@Outcome(
        id = "INSERTED, ENTERED, 1, LIVE, 1",
        expect = Expect.ACCEPTABLE,
        desc = "The event was over before the number was used again.")
@Outcome(
        id = "STILL OPEN, ENTERED, 1, NOT THERE, 1",
        expect = Expect.ACCEPTABLE,
        desc = "The event ran while the number was asked for; its leave has closed it.")
@State
public class ReuseEvent extends Race {
    public ReuseEvent() {
        super(LOOP_1);
    }

    @Actor
    public void reuse(LLLLL_Result r) {
        TABLE.fdDelete(fd);
        r.r1 = reopen(LOOP_1);
    }

    @Actor
    public void event(LLLLL_Result r) {
        r.r2 = event(fd, LOOP_1);
    }

    @Arbiter
    public void quiet(LLLLL_Result r) {
        r.r3 = closes();
        r.r4 = nextIs();
        r.r5 = runs;
        end();
    }
}
