package dev.baton.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.poller.Poller;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A loop that does nothing but poll, without limit of time; for tests in which somebody else acts while it sleeps.
 *
 * <p>That it sleeps is read from the kernel ({@code /proc/.../syscall}), because nothing on this side of the system
 * call can know it: a thread that has begun a poll may stand before the call for as long as the machine is busy. Until
 * it is in there, the poller still takes the thread that added the fds for its loop, a close reaches the peer at once,
 * and a test of what happens while the loop sleeps would test something else.
 */
final class PollingThread implements AutoCloseable {
    private final PollerRig rig;
    private final Poller poller;
    private final Thread thread;
    private final Object monitor = new Object();
    private int begun;
    private int ended;
    private boolean stopping;
    private @Nullable Throwable failure;
    private @Nullable Path task;

    /** Starts it; it sleeps when this returns. */
    PollingThread(PollerRig rig) {
        this.rig = rig;
        this.poller = rig.poller();
        this.thread = new Thread(this::run, "polling");
        thread.setDaemon(true);
        thread.start();
        try {
            awaitSleep();
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    private void run() {
        try {
            Path self = Path.of("/proc").resolve(Files.readSymbolicLink(Path.of("/proc/thread-self")));
            synchronized (monitor) {
                task = self;
            }
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

    /** Waits until the kernel has put the loop to sleep in the wait of its poller. */
    void awaitSleep() {
        await("begin of a poll", () -> begun > 0 && task != null);
        long end = System.nanoTime() + rig.patience().toNanos();
        String seen = syscall();
        while (!waits(seen)) {
            assertThat(System.nanoTime())
                    .as("the loop sleeps, its system call is %s", seen)
                    .isLessThan(end);
            Thread.onSpinWait();
            seen = syscall();
        }
    }

    /**
     * The kernel writes {@code number argument argument ...} while the thread sleeps in a call, and {@code running}
     * else.
     */
    private boolean waits(String syscall) {
        String[] fields = syscall.split(" ", 3);
        return fields.length == 3
                && fields[1].equals("0x" + Long.toHexString(rig.calls().waiting()));
    }

    private String syscall() {
        Path of;
        synchronized (monitor) {
            assertThat(failure).as("failure of the polling thread").isNull();
            of = Objects.requireNonNull(task);
        }
        try {
            return Files.readString(of.resolve("syscall"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** How many polls have ended. */
    int ended() {
        synchronized (monitor) {
            return ended;
        }
    }

    /** Waits until more polls than this have ended, without a wakeup of the poller. */
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
