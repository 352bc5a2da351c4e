package dev.baton.runtime.takeover;

import dev.baton.runtime.loop.Timer;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps as many loops as there are processors, for {@code loops: auto}. It looks every {@value #PERIOD_SECONDS} s:
 *
 * <pre>
 *   as many loops as processors            nothing
 *   fewer, in {@value #LOOKS_UP} looks in a row              add one; then one in each look
 *   more, in {@value #LOOKS_DOWN} looks in a row               dismiss one, whose connections the others take over; then one in each look
 *   now fewer, now more                    the looks are counted anew
 * </pre>
 *
 * <p>So a quota that changes for a moment changes nothing, and one that an orchestrator lowers and raises again costs
 * few loops. Spare loops do not count.
 *
 * <p>Threading: {@link #start} by one thread; the looks are the timer's.
 */
public final class ElasticLoops implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(ElasticLoops.class);

    static final int PERIOD_SECONDS = 5;
    static final int LOOKS_UP = 3;
    static final int LOOKS_DOWN = 6;

    private final IntSupplier loops;
    private final IntSupplier processors;
    private final Supplier<? extends CompletionStage<?>> add;
    private final Supplier<? extends CompletionStage<?>> dismiss;
    private final Timer timer;
    private final BooleanSupplier stopping;
    /** Looks in a row that have found too few loops, or negative: too many. */
    private int looks;

    /**
     * Nothing is looked at yet.
     *
     * @param loops how many serve, without spare ones
     * @param processors how many there are now
     * @param add has one more serve
     * @param dismiss has one fewer serve
     * @param timer where looking may block
     * @param stopping ends it
     */
    public ElasticLoops(
            IntSupplier loops,
            IntSupplier processors,
            Supplier<? extends CompletionStage<?>> add,
            Supplier<? extends CompletionStage<?>> dismiss,
            Timer timer,
            BooleanSupplier stopping) {
        this.loops = loops;
        this.processors = processors;
        this.add = add;
        this.dismiss = dismiss;
        this.timer = timer;
        this.stopping = stopping;
    }

    /** Begins to look. */
    public void start() {
        try {
            timer.after(Duration.ofSeconds(PERIOD_SECONDS), this);
        } catch (RejectedExecutionException ended) {
            LOG.debug("the process ends", ended);
        }
    }

    @Override
    public void run() {
        if (stopping.getAsBoolean()) {
            return;
        }
        try {
            look();
        } catch (RuntimeException e) { // the next look may find more
            LOG.error("cannot bring the loops in line with the processors", e);
            start();
        }
    }

    private void look() {
        int there = loops.getAsInt();
        int wanted = processors.getAsInt();
        looks = there == wanted ? 0 : there < wanted ? Math.max(0, looks) + 1 : Math.min(0, looks) - 1;
        if (looks >= LOOKS_UP) {
            change("added", there, wanted, add);
        } else if (-looks >= LOOKS_DOWN) {
            change("dismissed", there, wanted, dismiss);
        } else {
            start();
        }
    }

    private void change(String word, int there, int wanted, Supplier<? extends CompletionStage<?>> change) {
        LOG.info("{} for {}: one is {}", counted(there, "loop"), counted(wanted, "processor"), word);
        change.get().whenComplete((result, failure) -> {
            if (failure != null) {
                LOG.warn("no loop was {}: {}", word, LoopChanges.rootOf(failure).toString());
                looks = 0;
            }
            start();
        });
    }

    private static String counted(int count, String what) {
        return count + " " + what + (count == 1 ? "" : "s");
    }
}
