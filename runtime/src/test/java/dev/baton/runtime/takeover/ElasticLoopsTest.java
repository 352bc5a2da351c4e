package dev.baton.runtime.takeover;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ElasticLoopsTest {
    private final Deque<Runnable> timer = new ArrayDeque<>();
    private int loops = 2;
    private int processors = 2;
    private boolean stopping;
    private boolean ended;
    private @Nullable CompletableFuture<Integer> held;
    private boolean fails;

    private final ElasticLoops elastic = new ElasticLoops(
            () -> loops, () -> processors, () -> change(1), () -> change(-1), this::after, () -> stopping);

    private void after(Duration delay, Runnable task) {
        if (ended) {
            throw new RejectedExecutionException();
        }
        assertThat(delay).isEqualTo(Duration.ofSeconds(ElasticLoops.PERIOD_SECONDS));
        timer.add(task);
    }

    private CompletionStage<Integer> change(int by) {
        CompletableFuture<Integer> waits = held;
        if (waits != null) {
            return waits;
        }
        loops += fails ? 0 : by;
        return fails
                ? CompletableFuture.failedStage(new IllegalStateException("no fds"))
                : CompletableFuture.completedStage(7);
    }

    private void looks(int count) {
        for (int i = 0; i < count; i++) {
            timer.remove().run();
            assertThat(timer).hasSizeLessThanOrEqualTo(1);
        }
    }

    @Test
    void shouldAddOneInEachLookWhenThereAreMoreProcessorsForAWhile() {
        elastic.start();
        processors = 5;
        looks(2);
        assertThat(loops).isEqualTo(2);
        looks(1);
        assertThat(loops).isEqualTo(3);
        looks(1);
        assertThat(loops).isEqualTo(4);
        looks(20);
        assertThat(loops).isEqualTo(5);
    }

    @Test
    void shouldDismissOneInEachLookWhenThereAreFewerForLonger() {
        loops = 4;
        processors = 1;
        elastic.start();
        looks(5);
        assertThat(loops).isEqualTo(4);
        looks(1);
        assertThat(loops).isEqualTo(3);
        looks(2);
        assertThat(loops).isEqualTo(1);
        looks(20);
        assertThat(loops).isEqualTo(1);
    }

    @Test
    void shouldChangeNothingForAQuotaThatComesAndGoes() {
        elastic.start();
        for (int i = 0; i < 50; i++) {
            processors = 4;
            looks(2);
            processors = 1;
            looks(5);
        }
        assertThat(loops).isEqualTo(2);
    }

    @Test
    void shouldLookAgainOnlyWhenALoopHasGone() {
        elastic.start();
        processors = 4;
        held = new CompletableFuture<>();
        looks(3);
        assertThat(timer).isEmpty();
        held.complete(2);
        assertThat(timer).hasSize(1);
    }

    @Test
    void shouldWaitAnewAfterAFailure() {
        elastic.start();
        processors = 4;
        fails = true;
        looks(3);
        fails = false;
        looks(2);
        assertThat(loops).isEqualTo(2);
        looks(1);
        assertThat(loops).isEqualTo(3);
        held = new CompletableFuture<>();
        looks(1);
        held.completeExceptionally(new IllegalStateException("no ids"));
        assertThat(timer).hasSize(1);
    }

    @Test
    void shouldEndWithTheProcess() {
        elastic.start();
        stopping = true;
        processors = 4;
        looks(1);
        assertThat(timer).isEmpty();
        stopping = false;
        ended = true;
        elastic.start();
        assertThat(timer).isEmpty();
    }
}
