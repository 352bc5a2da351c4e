package dev.baton.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.baton.spi.admin.AdminAction;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What every admin action promises: it returns at once and completes its stage in the end with a record, and refuses
 * parameters that do not fit with a sentence for the operator, having done nothing. An action's test extends this.
 *
 * @param <P> the record of its parameters
 */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
public abstract class AdminActionContract<P extends Record> {
    static final Duration AT_ONCE = Duration.ofSeconds(1);
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    /** For a plugin's test. */
    protected AdminActionContract() {}

    /** The action under test; asked once a test. */
    protected abstract AdminAction<P> action();

    /** Parameters that fit what there is. */
    protected abstract P right();

    /** Parameters that can be bound and do not fit what there is; none if all fit. */
    protected abstract List<P> wrong();

    /**
     * What the action can change, as it is now; compared by {@code equals} before and after a refusal, so a copy of it.
     * Needed if {@link #wrong} has any parameters.
     */
    protected Object state() {
        throw new IllegalStateException("wrong() has parameters that are to be refused: override state() as well");
    }

    /** How long the action may take until its stage completes. */
    protected Duration patience() {
        return PATIENCE;
    }

    @Test
    final void shouldDoItAndSayWhat() throws Exception {
        Record answer =
                action().act(right()).toCompletableFuture().get(patience().toMillis(), TimeUnit.MILLISECONDS);
        assertThat(answer).as("the answer to the operator").isNotNull();
        assertThat(answer.getClass().getRecordComponents())
                .as("keys of the answer %s", answer)
                .isNotEmpty();
    }

    /** The caller waits for the stage by itself, and gives up after its own time. */
    @Test
    final void shouldReturnAtOnce() {
        AdminAction<P> action = action();
        long begun = System.nanoTime();
        CompletionStage<? extends Record> stage = action.act(right());
        assertThat(Duration.ofNanos(System.nanoTime() - begun))
                .as("time until act returned: what takes long completes the stage later")
                .isLessThan(AT_ONCE);
        assertThat(stage).as("the stage").isNotNull();
    }

    @Test
    final void shouldRefuseWhatDoesNotFitInASentence() {
        AdminAction<P> action = action();
        for (P parameters : wrong()) {
            Object before = state();
            assertThatIllegalArgumentException()
                    .as("act(%s), which is to be answered with status 400", parameters)
                    .isThrownBy(() -> action.act(parameters))
                    .satisfies(refused -> assertThat(refused.getMessage())
                            .as("why %s is refused, for the operator", parameters)
                            .isNotBlank()
                            .doesNotContain("\n"));
            assertThat(state())
                    .as(
                            "what the action can change, after act(%s), which was refused and so has done nothing",
                            parameters)
                    .isEqualTo(before);
        }
    }
}
