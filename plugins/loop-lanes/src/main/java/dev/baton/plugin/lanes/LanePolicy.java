package dev.baton.plugin.lanes;

import java.util.concurrent.TimeUnit;

/**
 * Decides for one service when it gets loops of its own, and when it loses them.
 *
 * <pre>
 *   closed   above the share, on the average of a window: open
 *   open     modest for as long as the rest: close
 *   modest   below half the share, on the average of a window, and its loops have time left: less than
 *            {@value #BUSY_HUNDREDTHS} % busy. Loops that are busier would take more if they were given more, and say
 *            nothing of what the service wants
 *   rest     as configured; twice as long each time when the service is greedy again soon after it was modest, up to
 *            10 min. So a service whose load comes and goes does not make its connections go to and fro
 * </pre>
 *
 * <p>Threading: one thread, but for the getters.
 */
final class LanePolicy {
    static final int BUSY_HUNDREDTHS = 75;
    static final long REST_MAX_NANOS = TimeUnit.MINUTES.toNanos(10);
    /** Within so many rests after it was closed, opening again comes soon. */
    private static final int SOON = 10;

    /** What is to be done. */
    enum Decision {
        STAY,
        OPEN,
        CLOSE
    }

    private final double share;
    private final long restMin;
    private final double[] used = new double[LanesConfig.LOOKS];
    private int looks;
    private long restNanos;
    private boolean hasClosed;
    private long closedAt;
    private long greedyAt;

    /** For a service that has been modest so far. */
    LanePolicy(double share, long restNanos) {
        this.share = share;
        this.restMin = restNanos;
        this.restNanos = restNanos;
    }

    /**
     * One look.
     *
     * @param open whether the lane is
     * @param usedNow the share that the service has taken since the look before
     * @param busy how busy the lane's loops were
     */
    Decision look(long now, boolean open, double usedNow, double busy) {
        used[looks++ % used.length] = usedNow;
        if (looks < used.length) {
            return Decision.STAY;
        }
        double average = average();
        if (!open) {
            if (average <= share) {
                return Decision.STAY;
            }
            opened(now);
            return Decision.OPEN;
        }
        if (average >= share / 2 || busy * 100 >= BUSY_HUNDREDTHS) {
            greedyAt = now;
        }
        if (now - greedyAt < restNanos) {
            return Decision.STAY;
        }
        hasClosed = true;
        closedAt = now;
        looks = 0;
        return Decision.CLOSE;
    }

    private void opened(long now) {
        if (hasClosed) {
            boolean soon = now - closedAt < SOON * restNanos;
            restNanos = soon ? Math.max(restMin, Math.min(REST_MAX_NANOS, 2 * restNanos)) : restMin;
            hasClosed = false;
        }
        greedyAt = now;
        looks = 0;
    }

    /** It could not be opened: that is decided anew after another window. */
    void failed() {
        looks = 0;
    }

    /** What the service takes on the average. */
    double average() {
        double sum = 0;
        int count = Math.min(looks, used.length);
        for (int i = 0; i < count; i++) {
            sum += used[i];
        }
        return count == 0 ? 0 : sum / count;
    }

    /** How long it must be modest until the lane is closed. */
    long restNanos() {
        return restNanos;
    }
}
