package dev.baton.jcstress.fd;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LLL_Result;

/** Two loops have an event for one shared fd: both run at once, as accept needs it. */
@JCStressTest
@Outcome(id = "ENTERED, ENTERED, 0", expect = Expect.ACCEPTABLE, desc = "Both ran.")
@State
public class SharedEventEvent extends Race {
    public SharedEventEvent() {
        super();
    }

    @Actor
    public void event1(LLL_Result r) {
        r.r1 = sharedEvent(LOOP_1, false);
    }

    @Actor
    public void event2(LLL_Result r) {
        r.r2 = sharedEvent(LOOP_2, false);
    }

    @Arbiter
    public void quiet(LLL_Result r) {
        r.r3 = closes();
        end();
    }
}
