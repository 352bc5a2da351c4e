package dev.baton.plugin.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdInfo;
import dev.baton.spi.fd.FdKind;
import dev.baton.testkit.ManualLoop;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ActionsTest {
    private final ManualLoop loop = new ManualLoop(3);
    private final LoopActions.Block block = new LoopActions.Block(ManualLoop.loops(loop));
    private final LoopActions.Throw thrower = new LoopActions.Throw(ManualLoop.loops(loop));
    private final Delays delays = new Delays();
    private final DelayAction delay = new DelayAction(delays);
    private final LeakAction leak = new LeakAction();

    private static <T> T now(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    @Test
    void shouldCompleteWhenTheLoopGoesOn() throws Exception {
        CompletionStage<LoopActions.Done> done = block.act(Map.of("loop", "3", "ms", "1"));
        assertThat(done.toCompletableFuture()).isNotDone();
        loop.runTasks();
        assertThat(now(done)).isEqualTo(new LoopActions.Done(3, "block", 1));
    }

    @Test
    void shouldThrowInTheLoopAndAnswerAllTheSame() throws Exception {
        CompletionStage<LoopActions.Done> done = thrower.act(Map.of("loop", "3", "kind", "assertion-error"));
        assertThatThrownBy(loop::runTasks).isInstanceOf(AssertionError.class);
        assertThat(now(done).fault()).isEqualTo("throw assertion-error");
    }

    @ParameterizedTest
    @CsvSource({
        "loop, 3, is missing",
        "ms, 3, is missing",
        "what, 1, unknown parameter",
    })
    void shouldSayWhatIsWrongWithTheParameters(String key, String value, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> block.act(Map.of(key, value)))
                .withMessageContaining(message);
    }

    @Test
    void shouldSayWhichLoopsThereAre() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> block.act(Map.of("loop", "4", "ms", "1")))
                .withMessageContaining("[3]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> block.act(Map.of("loop", "3", "ms", "-1")))
                .withMessageContaining("from 0 to");
    }

    @Test
    void shouldDelayEachSecondOneThatPasses() throws Exception {
        assertThat(now(delay.act(Map.of("point", "fd-closed", "ms", "1", "every", "2"))))
                .isEqualTo(new DelayView.Row("fd-closed", 1, 2, 0));
        DelayHook hook = new DelayHook(delays);
        FdInfo fd = new FdInfo(new Fd(5, 0), FdKind.DOWNSTREAM, "test");
        hook.closed(fd, dev.baton.spi.fd.ClosedBy.DELETER);
        hook.closed(fd, dev.baton.spi.fd.ClosedBy.DELETER);
        hook.inserted(fd);
        assertThat(new DelayView(delays).rows())
                .contains(new DelayView.Row("fd-closed", 1, 2, 2), new DelayView.Row("fd-inserted", 0, 1, 0));

        now(delay.act(Map.of("point", "fd-closed", "ms", "0")));
        assertThat(delays.at(Point.FD_CLOSED)).isNull();
    }

    @Test
    void shouldSayWhichPointsThereAre() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> delay.act(Map.of("point", "fd", "ms", "1")))
                .withMessageContaining("fd-taken-over");
    }

    @Test
    void shouldLeakAndMendTheLeak() throws Exception {
        assertThat(now(leak.act(Map.of("fds", "3")))).isEqualTo(new LeakAction.Leaked(3, 0, ""));
        assertThat(now(leak.act(Map.of("fds", "-5")))).isEqualTo(new LeakAction.Leaked(0, 0, ""));
    }
}
