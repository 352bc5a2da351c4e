package dev.baton.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.admin.AdminView;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What every admin view promises: it answers at once, whoever asks and however many at a time, with records of one
 * kind, and what it has answered does not change any more. A view's test extends this.
 */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
public abstract class AdminViewContract {
    private static final int ASKS = 200;
    private static final int THREADS = 4;

    /** For a plugin's test. */
    protected AdminViewContract() {}

    /** The view under test, with at least one row to show; asked once a test. */
    protected abstract AdminView view();

    /** Lets what the view shows change: rows come, go or have other values. */
    protected abstract void change();

    @Test
    final void shouldShowRowsOfOneKind() {
        List<? extends Record> rows = view().rows();
        assertThat(rows).as("rows to show, for this test").isNotEmpty().doesNotContainNull();
        assertThat(rows.stream().map(Object::getClass).distinct())
                .as("records of the rows: their components are the columns of the table")
                .hasSize(1);
        assertThat(rows.get(0).getClass().getRecordComponents())
                .as("columns of the table")
                .isNotEmpty();
    }

    /** The answer is written after the call, and on another thread. */
    @Test
    final void shouldNotChangeWhatItHasAnswered() {
        AdminView view = view();
        List<? extends Record> rows = view.rows();
        String before = rows.toString();
        change();
        view.rows();
        assertThat(rows.toString())
                .as("an answer, after what it shows has changed")
                .isEqualTo(before);
    }

    @Test
    final void shouldNeverWait() {
        AdminView view = view();
        view.rows(); // classes are loaded under locks of the JVM's
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long self = Thread.currentThread().getId();
        ThreadInfo before = threads.getThreadInfo(self);
        for (int i = 0; i < ASKS; i++) {
            view.rows();
        }
        ThreadInfo after = threads.getThreadInfo(self);
        assertThat(after.getWaitedCount())
                .as("sleeps, parks and waits in %d answers: a view must not block", ASKS)
                .isEqualTo(before.getWaitedCount());
        assertThat(after.getBlockedCount()).as("monitors waited for").isEqualTo(before.getBlockedCount());
    }

    @Test
    final void shouldAnswerManyAtOnce() throws Exception {
        AdminView view = view();
        CyclicBarrier start = new CyclicBarrier(THREADS);
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<?>> runs = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                boolean changes = i == 0;
                runs.add(threads.submit(() -> {
                    start.await();
                    for (int ask = 0; ask < ASKS; ask++) {
                        if (changes) {
                            change();
                        }
                        assertThat(view.rows().toString())
                                .as("rows, while they change")
                                .isNotNull();
                    }
                    return null;
                }));
            }
            for (Future<?> run : runs) {
                run.get(30, TimeUnit.SECONDS);
            }
        } finally {
            threads.shutdownNow();
        }
    }
}
