package dev.baton.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.concurrent.ScheduledFuture;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class ManualLoopTest {
    private final ManualLoop loop = new ManualLoop(3);
    private final List<String> seen = new ArrayList<>();

    private ScheduledFuture<?> timer(String what, long seconds) {
        return loop.eventLoop().schedule(() -> seen.add(what), seconds, TimeUnit.SECONDS);
    }

    private static void elsewhere(Runnable action) throws InterruptedException {
        Thread other = new Thread(action);
        other.start();
        other.join();
    }

    @Test
    void shouldRunTimersInTheOrderOfTheirTimes() {
        loop.run(() -> {
            timer("late", 3);
            timer("soon", 1);
        });
        assertThat(loop.timersIdle()).isFalse();
        loop.advance(1, TimeUnit.SECONDS);
        assertThat(seen).containsExactly("soon");
        loop.advance(5, TimeUnit.SECONDS);
        assertThat(seen).containsExactly("soon", "late");
        assertThat(loop.timersIdle()).isTrue();
    }

    /** Loops of the runtime allow both. */
    @Test
    void shouldLetOtherThreadsSetTimersAndCancelThem() throws Exception {
        List<ScheduledFuture<?>> timers = new ArrayList<>();
        loop.run(() -> timers.add(timer("cancelled", 1)));
        elsewhere(() -> timers.add(timer("from elsewhere", 2)));
        elsewhere(() -> assertThat(timers.get(0).cancel(false)).isTrue());
        loop.runTasks();
        loop.advance(5, TimeUnit.SECONDS);
        assertThat(seen).containsExactly("from elsewhere");
        assertThat(loop.timersIdle()).isTrue();
    }

    @Test
    void shouldRunWhatTimersAddAndTimersThatTimersSet() {
        loop.run(() -> loop.eventLoop()
                .schedule(
                        () -> {
                            loop.execute(() -> seen.add("task"));
                            timer("timer of a timer", 1);
                        },
                        1,
                        TimeUnit.SECONDS));
        loop.advance(2, TimeUnit.SECONDS);
        assertThat(seen).containsExactly("task", "timer of a timer");
    }

    @Test
    void shouldRepeatWhatIsPeriodic() {
        loop.run(() -> loop.eventLoop().scheduleAtFixedRate(() -> seen.add("tick"), 1, 2, TimeUnit.SECONDS));
        loop.advance(6, TimeUnit.SECONDS);
        assertThat(seen).containsExactly("tick", "tick", "tick");
    }
}
