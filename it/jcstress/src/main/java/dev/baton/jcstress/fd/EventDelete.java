package dev.baton.jcstress.fd;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LLLL_Result;

/** Rows R02 and R03: an event while somebody else deletes the fd; what ran is seen by the finalizer. */
@JCStressTest
@Outcome(
        id = "ENTERED, true, 1, 1",
        expect = Expect.ACCEPTABLE,
        desc = "The event came first, or the leave has closed the orphan.")
@Outcome(id = "STALE, true, 1, 0", expect = Expect.ACCEPTABLE, desc = "The delete came first and has closed it.")
@State
public class EventDelete extends Race {
    public EventDelete() {
        super(LOOP_1);
    }

    @Actor
    public void event(LLLL_Result r) {
        r.r1 = event(fd, LOOP_1);
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
