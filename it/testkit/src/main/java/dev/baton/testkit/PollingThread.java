package dev.baton.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.poller.Poller;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A loop that does nothing but poll, without limit of time; for tests in which somebody else acts while it sleeps. */
final class PollingThread implements AutoCloseable {
    private final PollerRig rig;
    private final Poller poller;
    private final Thread thread;
    private final Object monitor = new Object();
    private int begun;
    private int ended;
    private boolean stopping;
    private @Nullable Throwable failure;

    PollingThread(PollerRig rig) {
        this.rig = rig;
        this.poller = rig.poller();
        this.thread = new Thread(this::run, "polling");
        thread.setDaemon(true);
        thread.start();
        await("begin of a poll", () -> begun > 0);
    }

    private void run() {
        try {
            while (begin()) {
                poller.poll(-1, rig.log());
                end();
            }
        } catch (Throwable e) {
            synchronized (monitor) {
                failure = e;
                monitor.notifyAll();
            }
        }
    }

    private boolean begin() {
        synchronized (monitor) {
            begun++;
            monitor.notifyAll();
            return !stopping;
        }
    }

    private void end() {
        synchronized (monitor) {
            ended++;
            monitor.notifyAll();
        }
    }

    /** How many polls have ended. */
    int ended() {
        synchronized (monitor) {
            return ended;
        }
    }

    /** Waits until more polls than this have ended, with nobody waking the poller. */
    void awaitEnd(int before) {
        await("end of a poll", () -> ended > before);
    }

    /** Makes the loop begin and end a turn, so that whatever was asked for before has been seen. */
    void passTurn() {
        int now;
        synchronized (monitor) {
            now = begun;
        }
        poller.wakeup();
        await("next poll after a wakeup", () -> begun > now);
        poller.wakeup();
        await("next poll after a wakeup", () -> begun > now + 1);
    }

    private void await(String what, Condition condition) {
        Duration patience = rig.patience();
        long end = System.nanoTime() + patience.toNanos();
        synchronized (monitor) {
            while (!condition.holds() && failure == null) {
                long left = (end - System.nanoTime()) / 1_000_000;
                assertThat(left).as("%s within %s, in ms left", what, patience).isPositive();
                try {
                    monitor.wait(left);
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }
            assertThat(failure).as("failure of the polling thread").isNull();
        }
    }

    @Override
    public void close() {
        synchronized (monitor) {
            stopping = true;
        }
        poller.wakeup();
        try {
            thread.join(rig.patience().toMillis());
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        if (thread.isAlive()) {
            rig.abandon();
        }
        assertThat(thread.isAlive()).as("polling after the last wakeup").isFalse();
    }

    /** Evaluated under the monitor. */
    private interface Condition {
        boolean holds();
    }
}
