package dev.baton.jcstress.fd;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LLLL_Result;

/** Row R02: a number is inserted while its last generation is deleted once more. */
@JCStressTest
@Outcome(
        id = "INSERTED, false, 1, LIVE",
        expect = Expect.ACCEPTABLE,
        desc = "What was to be deleted is gone; the new fd is not touched.")
@State
public class InsertDelete extends Race {
    public InsertDelete() {
        super(Free.SLOT);
    }

    @Actor
    public void insert(LLLL_Result r) {
        r.r1 = insertNext(LOOP_1);
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
