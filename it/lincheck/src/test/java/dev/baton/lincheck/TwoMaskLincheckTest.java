package dev.baton.lincheck;

import dev.baton.testkit.TwoMaskTable;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.ThreadIdGen;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Test;

/** Row R02: the two-mask deletion, from which Baton started, closes twice; the tool must find it, in each build. */
class TwoMaskLincheckTest {

    /** An fd of threads 1 and 2. */
    public static final class World {
        private final Oracle oracle = new Oracle(true);
        private final TwoMaskTable table = new TwoMaskTable(Kernel.NUMBER, 0b110, number -> oracle.closing());
        private final boolean[] held = new boolean[TableWorld.THREADS_MAX];

        public World() {
            oracle.inserted(0);
        }

        @Operation
        public void enter(@Param(gen = ThreadIdGen.class) int thread) {
            held[thread] = table.enter(thread);
        }

        @Operation
        public void leave(@Param(gen = ThreadIdGen.class) int thread) {
            if (held[thread]) {
                held[thread] = false;
                table.leave(thread);
            }
        }

        @Operation
        public void delete(@Param(gen = ThreadIdGen.class) int thread) {
            oracle.deleted(0);
            table.delete(thread);
        }

        @Validate
        public void quiet() {
            oracle.quiet();
        }
    }

    @Test
    void theDoubleCloseIsFound() {
        Interleavings.ofSelfChecking(World.class)
                .scenarios("enter, leave | delete")
                .mustFail("closes twice");
    }

    @Test
    void oneThreadAfterTheOtherClosesOnce() {
        Interleavings.ofSelfChecking(World.class)
                .scenarios("enter, leave, delete")
                .mustPass();
    }
}
