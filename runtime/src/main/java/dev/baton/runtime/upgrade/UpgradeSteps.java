package dev.baton.runtime.upgrade;

import dev.baton.spi.admin.UpgradeStep;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.LongSupplier;

/** The last steps of upgrades as this process sees them, for operators. Any thread. */
public final class UpgradeSteps {
    /** An upgrade has at most five on either side; an attempt that fails has two. */
    static final int KEPT = 64;

    private final LongSupplier clockMillis;
    private final Deque<UpgradeStep> steps = new ArrayDeque<>();

    /** @param clockMillis the time, in milliseconds since 1970 */
    public UpgradeSteps(LongSupplier clockMillis) {
        this.clockMillis = clockMillis;
    }

    /** This process has done a step just now. */
    public void took(UpgradeStep.What step, String detail) {
        add(new UpgradeStep(clockMillis.getAsLong(), ProcessHandle.current().pid(), step, detail));
    }

    /** Another process has done it. */
    public void seen(long pid, UpgradeStep.What step, String detail) {
        add(new UpgradeStep(clockMillis.getAsLong(), pid, step, detail));
    }

    /** It was done at a time in the past. */
    public synchronized void add(UpgradeStep step) {
        if (steps.size() == KEPT) {
            steps.removeFirst();
        }
        steps.addLast(step);
    }

    /** All that are kept, the oldest first. */
    public synchronized List<UpgradeStep> all() {
        return List.copyOf(steps);
    }
}
