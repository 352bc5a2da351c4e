package dev.baton.runtime.systemd;

import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.Loops;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The heartbeat that the service manager asks for by {@code WATCHDOG_USEC}: as long as it comes, the process is well.
 *
 * <p>The process is well as long as one of its loops runs tasks: what the others had is taken over from them, so a
 * callback that blocks is no reason to end the process (R50). Only when all are stuck for the whole time is the manager
 * right to end it.
 */
public final class Watchdog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Watchdog.class);

    private static final String PERIOD = "WATCHDOG_USEC";
    private static final String PID = "WATCHDOG_PID";
    /**
     * Twice as often as the manager wants it, as sd_watchdog_enabled(3) recommends, and once more for a late thread.
     */
    private static final int BEATS_PER_PERIOD = 3;

    private final Notifier notifier;
    private final Loops loops;
    private final AtomicBoolean answered = new AtomicBoolean(true);
    /** Loops that have been asked and have not answered, by id. */
    private final Set<Integer> asked = ConcurrentHashMap.newKeySet();

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "baton-heartbeat");
        thread.setDaemon(true);
        return thread;
    });

    private Watchdog(Notifier notifier, Loops loops) {
        this.notifier = notifier;
        this.loops = loops;
    }

    /** Starts to beat, if the manager asks this process to. */
    public static Optional<Watchdog> start(Map<String, String> environment, Notifier notifier, Loops loops) {
        Optional<Duration> period = period(environment, ProcessHandle.current().pid());
        if (period.isEmpty() || !notifier.isActive()) {
            return Optional.empty();
        }
        Watchdog watchdog = new Watchdog(notifier, loops);
        long beat = Math.max(1, period.get().toNanos() / BEATS_PER_PERIOD);
        watchdog.timer.scheduleAtFixedRate(watchdog::beat, 0, beat, TimeUnit.NANOSECONDS);
        return Optional.of(watchdog);
    }

    /** How often the manager wants to hear of a process; empty if it does not. */
    static Optional<Duration> period(Map<String, String> environment, long pid) {
        String micros = environment.get(PERIOD);
        String meant = environment.get(PID);
        if (micros == null || (meant != null && !meant.equals(Long.toString(pid)))) {
            return Optional.empty();
        }
        try {
            long wanted = Long.parseLong(micros);
            return wanted > 0 ? Optional.of(Duration.of(wanted, ChronoUnit.MICROS)) : Optional.empty();
        } catch (NumberFormatException | ArithmeticException wrong) {
            LOG.warn("{} is '{}', which is not a number of microseconds: no watchdog", PERIOD, micros);
            return Optional.empty();
        }
    }

    private void beat() {
        if (answered.getAndSet(false)) {
            notifier.watchdog();
        }
        for (Loop loop : loops.all()) {
            if (!asked.add(loop.id())) {
                continue; // stuck: one question is enough
            }
            try {
                loop.execute(() -> {
                    asked.remove(loop.id());
                    answered.set(true);
                });
            } catch (RejectedExecutionException ended) {
                LOG.debug("loop {} has ended", loop.id(), ended);
            }
        }
    }

    @Override
    public void close() {
        timer.shutdown();
    }
}
