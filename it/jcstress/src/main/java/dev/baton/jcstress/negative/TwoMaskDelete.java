package dev.baton.jcstress.negative;

import dev.baton.testkit.TwoMaskTable;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** Row R02: an event and a delete of a two-mask table. RacesIT demands the outcome 2. */
@JCStressTest
@Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "The last user has closed it.")
@Outcome(id = "2", expect = Expect.ACCEPTABLE_INTERESTING, desc = "Both took themselves for the last user: the error.")
@State
public class TwoMaskDelete {
    private final AtomicInteger closes = new AtomicInteger();
    private final TwoMaskTable table = new TwoMaskTable(7, 0b10, number -> closes.incrementAndGet());

    @Actor
    public void event() {
        if (table.enter(1)) {
            table.leave(1);
        }
    }

    @Actor
    public void delete() {
        table.delete(2);
    }

    @Arbiter
    public void quiet(I_Result r) {
        r.r1 = closes.get();
    }
}
