package dev.baton.runtime.launcher;

import dev.baton.runtime.output.StandardStreams;
import dev.baton.runtime.server.Server;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.IntSupplier;

/**
 * The last resort of a stop: some time after the grace time, or after the last connection if that is earlier, the
 * process ends, whatever a plugin is still at. A thread of its own that waits for no other, because anything else may
 * be what hangs; it halts, because an orderly exit runs hooks that may hang too.
 */
public final class HardStop implements Runnable {
    /** How often it looks: a second signal makes the grace time shorter. */
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    /** How long the last line may take to be written: its reader may have stopped. */
    private static final long SAY_MILLIS = 1_000;

    private final Server server;
    private final Duration limit;
    private final Consumer<String> said;
    private final IntSupplier end;
    private volatile boolean ended;

    private HardStop(Server server, Duration limit, Consumer<String> said, IntSupplier end) {
        this.server = server;
        this.limit = limit;
        this.said = said;
        this.end = end;
    }

    /**
     * Begins to watch a stop that has been asked for, until the process ends.
     *
     * @param limit how long the end may take once nothing needs to be waited for
     * @param said is told what was cut, before the process ends
     * @param end answers the exit code, when the process may end
     */
    public static HardStop watch(Server server, Duration limit, Consumer<String> said, IntSupplier end) {
        HardStop made = new HardStop(server, limit, said, end);
        Thread thread = new Thread(made, "baton-hard-stop");
        thread.setDaemon(true);
        thread.start();
        return made;
    }

    /** The server has ended in an orderly way, or serves again. */
    public void cancel() {
        ended = true;
    }

    @Override
    public void run() {
        while (!server.isDrained()) {
            if (ended) {
                return;
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
        long end = System.nanoTime() + limit.toNanos();
        for (long left = limit.toNanos(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
        if (ended || !server.mayEnd()) {
            return;
        }
        Thread words = new Thread(
                () -> {
                    said.accept("hard stop: " + server.remains());
                    StandardStreams.drain();
                },
                "baton-last-words");
        words.setDaemon(true);
        words.start();
        try {
            words.join(SAY_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            Runtime.getRuntime().halt(this.end.getAsInt());
        }
    }
}
