package dev.baton.testkit;

import dev.baton.spi.poller.PollSink;
import dev.baton.spi.poller.Poller;
import dev.baton.spi.poller.PollerContext;
import dev.baton.spi.poller.PollerProvider;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Pollers with a gate between the fetch of an event and its dispatch: the moment in which a loop has been woken for an
 * fd and has not entered it yet, which no timing of a test can hit reliably.
 */
public final class GatedPollers extends ForwardingPollers {
    private static final int SECONDS_MAX = 20;

    private final Map<Integer, Gate> gates = new ConcurrentHashMap<>();

    /** One loop's gate for one fd number. */
    public static final class Gate {
        private final int number;
        private final CountDownLatch reached = new CountDownLatch(1);
        private final CountDownLatch open = new CountDownLatch(1);

        private Gate(int number) {
            this.number = number;
        }

        /** Waits until the loop stands before the gate. */
        public void awaitReached() throws InterruptedException {
            if (!reached.await(SECONDS_MAX, TimeUnit.SECONDS)) {
                throw new AssertionError("no event for fd " + number + " came to the gate");
            }
        }

        /** Lets the loop through. */
        public void open() {
            open.countDown();
        }
    }

    /** Puts gates into the pollers of a provider. */
    public GatedPollers(PollerProvider real) {
        super(real);
    }

    /** Closes a loop's gate for the next event of an fd number. */
    public Gate close(int loop, int number) {
        Gate gate = new Gate(number);
        gates.put(loop, gate);
        return gate;
    }

    @Override
    public Poller open(PollerContext context) throws IOException {
        return new ForwardingPoller(super.open(context)) {
            @Override
            public int poll(long timeoutNanos, PollSink sink) {
                return super.poll(timeoutNanos, (number, generation, ready) -> {
                    Gate gate = gates.get(context.loop());
                    if (gate != null && gate.number == number) {
                        gates.remove(context.loop(), gate);
                        gate.reached.countDown();
                        await(gate.open);
                    }
                    return sink.ready(number, generation, ready);
                });
            }
        };
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(SECONDS_MAX, TimeUnit.SECONDS)) {
                throw new AssertionError("the gate was never opened");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted before the gate", e);
        }
    }
}
