package dev.baton.plugin.chaos;

import dev.baton.spi.admin.AdminAction;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.Loops;
import jakarta.inject.Inject;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Faults in a task of a loop, outside of any connection: {@code POST /v1/chaos/block?loop=1&ms=500} and so on. */
final class LoopActions {

    private LoopActions() {}

    /**
     * What was done.
     *
     * @param loop the loop's id
     * @param fault what it had to bear
     * @param ms for how long, 0 for what takes no time
     */
    record Done(int loop, String fault, long ms) {}

    /** Runs a fault on a loop and completes when the loop goes on. */
    private static CompletionStage<Done> on(Loop loop, String name, long ms, Runnable fault) {
        CompletableFuture<Done> over = new CompletableFuture<>();
        loop.execute(() -> {
            try {
                fault.run();
            } finally {
                over.complete(new Done(loop.id(), name, ms));
            }
        });
        return over;
    }

    /** A fault that takes the loop's thread for a time. */
    private abstract static class Timed implements AdminAction {
        private final Loops loops;
        private final String fault;

        Timed(Loops loops, String fault) {
            this.loops = loops;
            this.fault = fault;
        }

        /** Takes the calling thread. */
        abstract void take(long millis);

        @Override
        public final String name() {
            return "chaos/" + fault;
        }

        @Override
        public final CompletionStage<Done> act(Map<String, String> given) {
            Parameters parameters = new Parameters(given, "loop", "ms");
            Loop loop = parameters.loop(loops);
            long ms = parameters.number("ms", 0, Parameters.TIME_MAX_MILLIS);
            return on(loop, fault, ms, () -> take(ms));
        }
    }

    /** {@code chaos/block}: the loop's thread sleeps. */
    static final class Block extends Timed {
        @Inject
        Block(Loops loops) {
            super(loops, "block");
        }

        @Override
        void take(long millis) {
            Fault.block(millis);
        }
    }

    /** {@code chaos/spin}: the loop's thread computes. */
    static final class Spin extends Timed {
        @Inject
        Spin(Loops loops) {
            super(loops, "spin");
        }

        @Override
        void take(long millis) {
            Fault.spin(millis);
        }
    }

    /** {@code chaos/throw}: a task of the loop throws. */
    static final class Throw implements AdminAction {
        private final Loops loops;

        @Inject
        Throw(Loops loops) {
            this.loops = loops;
        }

        @Override
        public String name() {
            return "chaos/throw";
        }

        @Override
        public CompletionStage<Done> act(Map<String, String> given) {
            Parameters parameters = new Parameters(given, "loop", "kind");
            Loop loop = parameters.loop(loops);
            Fault.Kind kind = Fault.Kind.of(parameters.text("kind"));
            return on(loop, "throw " + kind.word(), 0, kind::raise);
        }
    }
}
