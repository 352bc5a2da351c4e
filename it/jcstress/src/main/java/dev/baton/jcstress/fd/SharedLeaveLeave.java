package dev.baton.jcstress.fd;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** Row R02: two last users of a shared fd, which was deleted, leave at once. */
@JCStressTest
@Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "One of them was the last and has closed it.")
@State
public class SharedLeaveLeave extends Race {
    public SharedLeaveLeave() {
        super();
        TABLE.enter(number, fd.generation(), LOOP_1);
        TABLE.enter(number, fd.generation(), LOOP_2);
        TABLE.fdDelete(fd);
    }

    @Actor
    public void leave1(I_Result r) {
        TABLE.leave(fd);
    }

    @Actor
    public void leave2(I_Result r) {
        TABLE.leave(fd);
    }

    @Arbiter
    public void quiet(I_Result r) {
        r.r1 = closes();
        end();
    }
}
