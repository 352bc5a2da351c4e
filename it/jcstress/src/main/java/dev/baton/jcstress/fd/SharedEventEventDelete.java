package dev.baton.jcstress.fd;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LLLL_Result;

/**
 * Row R02: two loops are in a shared fd, and one of them deletes it. An event that comes too late is STALE and never
 * NOT_OWNER, whereupon its loop would take the number out of its poller (row 4 of the claim word).
 */
@JCStressTest
@Outcome(
        id = "ENTERED, ENTERED, true, 1",
        expect = Expect.ACCEPTABLE,
        desc = "Each had its event; the last to leave has closed it.")
@Outcome(
        id = "STALE, ENTERED, true, 1",
        expect = Expect.ACCEPTABLE,
        desc = "The delete came before the event of the other loop.")
@State
public class SharedEventEventDelete extends Race {
    public SharedEventEventDelete() {
        super();
    }

    @Actor
    public void event(LLLL_Result r) {
        r.r1 = sharedEvent(LOOP_1, false);
    }

    @Actor
    public void eventAndDelete(LLLL_Result r) {
        r.r2 = sharedEvent(LOOP_2, true);
    }

    @Arbiter
    public void quiet(LLLL_Result r) {
        r.r3 = !TABLE.isLive(fd);
        r.r4 = closes();
        end();
    }
}
