package dev.baton.plugin.chaos;

import dev.baton.spi.admin.AdminAction;
import dev.baton.spi.config.Range;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.Loops;
import jakarta.inject.Inject;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;

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

    /**
     * A time of a loop's.
     *
     * @param loop the loop's id
     * @param ms how long, in milliseconds
     */
    record Time(
            @Range(min = "0", max = "1048576") int loop,
            @Range(min = "0", max = "3600000") long ms) {}

    /**
     * A throw in a loop.
     *
     * @param loop the loop's id
     * @param kind what is thrown
     */
    record Thrown(@Range(min = "0", max = "1048576") int loop, Fault.Kind kind) {}

    private static Loop loop(Loops loops, int id) {
        return loops.all().stream()
                .filter(loop -> loop.id() == id)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no loop " + id + "; there is: "
                        + loops.all().stream()
                                .map(loop -> Integer.toString(loop.id()))
                                .collect(Collectors.joining(", "))));
    }

    /** Runs a fault on a loop and completes when the loop continues. */
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
    private abstract static class Timed implements AdminAction<Time> {
        private final Loops loops;
        private final String fault;

        Timed(Loops loops, String fault) {
            this.loops = loops;
            this.fault = fault;
        }

        /** Takes the calling thread. */
        abstract void take(long millis);

        @Override
        public final CompletionStage<Done> act(Time time) {
            return on(loop(loops, time.loop()), fault, time.ms(), () -> take(time.ms()));
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
    static final class Throw implements AdminAction<Thrown> {
        private final Loops loops;

        @Inject
        Throw(Loops loops) {
            this.loops = loops;
        }

        @Override
        public CompletionStage<Done> act(Thrown thrown) {
            Fault.Kind kind = thrown.kind();
            return on(loop(loops, thrown.loop()), "throw " + kind.word(), 0, kind::raise);
        }
    }
}
