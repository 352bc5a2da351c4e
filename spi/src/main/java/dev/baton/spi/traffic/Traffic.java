package dev.baton.spi.traffic;

import dev.baton.spi.ByBaton;
import dev.baton.spi.threading.AnyThread;

/**
 * Brings exchanges that have ended from the services to those who watch them, as {@code baton tail} does. Can be
 * injected; a service has it from its context.
 *
 * <pre>{@code
 * if (traffic.isWatched()) {
 *     traffic.ended(new FinishedExchange(...));
 * }
 * }</pre>
 */
@ByBaton
@AnyThread
public interface Traffic {
    /** Where nothing can be watched. */
    Traffic UNWATCHED = new Traffic() {
        @Override
        public boolean isWatched() {
            return false;
        }

        @Override
        public void ended(FinishedExchange exchange) {}

        @Override
        public Watch watch(Watcher watcher) {
            throw new UnsupportedOperationException("there is nothing to watch here");
        }
    };

    /** True if it is worth making a {@link FinishedExchange}. Cost: a volatile read. */
    boolean isWatched();

    /** An exchange has ended: tells each watcher. */
    void ended(FinishedExchange exchange);

    /** Has a watcher told of each exchange that ends from now on. */
    Watch watch(Watcher watcher);

    /** Is told of exchanges. */
    @FunctionalInterface
    interface Watcher {
        /**
         * One has ended. Called on the loop where it did, with a claim held: must not block. One that throws is not
         * called again.
         */
        void ended(FinishedExchange exchange);
    }

    /** Ends watching. */
    @FunctionalInterface
    interface Watch extends AutoCloseable {
        /** Nothing is told that ends from now on; what other threads are telling may still come. */
        @Override
        void close();
    }
}
