package dev.baton.jcstress.fd;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZI_Result;

/** Two deletes of one fd: one counts. */
@JCStressTest
@Outcome(id = "true, false, 1", expect = Expect.ACCEPTABLE, desc = "The first has deleted and closed it.")
@Outcome(id = "false, true, 1", expect = Expect.ACCEPTABLE, desc = "The second has deleted and closed it.")
@State
public class DeleteDelete extends Race {
    public DeleteDelete() {
        super(LOOP_1);
    }

    @Actor
    public void delete1(ZZI_Result r) {
        r.r1 = TABLE.fdDelete(fd);
    }

    @Actor
    public void delete2(ZZI_Result r) {
        r.r2 = TABLE.fdDelete(fd);
    }

    @Arbiter
    public void quiet(ZZI_Result r) {
        r.r3 = closes();
        end();
    }
}
