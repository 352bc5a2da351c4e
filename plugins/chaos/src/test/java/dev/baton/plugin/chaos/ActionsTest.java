package dev.baton.plugin.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdInfo;
import dev.baton.spi.fd.FdKind;
import dev.baton.testkit.ManualLoop;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

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
        CompletionStage<LoopActions.Done> done = block.act(new LoopActions.Time(3, 1));
        assertThat(done.toCompletableFuture()).isNotDone();
        loop.runTasks();
        assertThat(now(done)).isEqualTo(new LoopActions.Done(3, "block", 1));
    }

    @Test
    void shouldThrowInTheLoopAndAnswerAllTheSame() throws Exception {
        CompletionStage<LoopActions.Done> done = thrower.act(new LoopActions.Thrown(3, Fault.Kind.ASSERTION_ERROR));
        assertThatThrownBy(loop::runTasks).isInstanceOf(AssertionError.class);
        assertThat(now(done).fault()).isEqualTo("throw assertion-error");
    }

    @Test
    void shouldSayWhichLoopsThereAre() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> block.act(new LoopActions.Time(4, 1)))
                .withMessage("there is no loop 4; there is: 3");
    }

    @Test
    void shouldDelayEachSecondOneThatPasses() throws Exception {
        assertThat(now(delay.act(new DelayAction.Wanted(Point.FD_CLOSED, 1, 2))))
                .isEqualTo(new DelayView.Row("fd-closed", 1, 2, 0));
        DelayHook hook = new DelayHook(delays);
        FdInfo fd = new FdInfo(new Fd(5, 0), FdKind.DOWNSTREAM, "test");
        hook.closed(fd, dev.baton.spi.fd.ClosedBy.DELETER);
        hook.closed(fd, dev.baton.spi.fd.ClosedBy.DELETER);
        hook.inserted(fd);
        assertThat(new DelayView(delays).rows())
                .contains(new DelayView.Row("fd-closed", 1, 2, 2), new DelayView.Row("fd-inserted", 0, 1, 0));

        now(delay.act(new DelayAction.Wanted(Point.FD_CLOSED, 0, 1)));
        assertThat(delays.at(Point.FD_CLOSED)).isNull();
    }

    @Test
    void shouldLeakAndMendTheLeak() throws Exception {
        assertThat(now(leak.act(new LeakAction.Wanted(Optional.of(3L), Optional.empty()))))
                .isEqualTo(new LeakAction.Leaked(3, 0, ""));
        assertThat(now(leak.act(new LeakAction.Wanted(Optional.of(-5L), Optional.empty()))))
                .isEqualTo(new LeakAction.Leaked(0, 0, ""));
    }
}
