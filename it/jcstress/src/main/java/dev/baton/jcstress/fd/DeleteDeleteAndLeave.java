package dev.baton.jcstress.fd;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZI_Result;

/** Row 11 of the claim word: the holder of a claim deletes and leaves in one step, while somebody else deletes. */
@JCStressTest
@Outcome(id = "true, false, 1", expect = Expect.ACCEPTABLE, desc = "The holder has deleted and closed it.")
@Outcome(
        id = "false, true, 1",
        expect = Expect.ACCEPTABLE,
        desc = "Somebody else has deleted it; the leave of the holder has closed it.")
@State
public class DeleteDeleteAndLeave extends Race {
    public DeleteDeleteAndLeave() {
        super(LOOP_1);
        TABLE.enter(number, fd.generation(), LOOP_1);
    }

    @Actor
    public void deleteAndLeave(ZZI_Result r) {
        r.r1 = TABLE.fdDeleteAndLeave(fd);
        if (!r.r1) {
            TABLE.leave(fd);
        }
    }

    @Actor
    public void delete(ZZI_Result r) {
        r.r2 = TABLE.fdDelete(fd);
    }

    @Arbiter
    public void quiet(ZZI_Result r) {
        r.r3 = closes();
        end();
    }
}
