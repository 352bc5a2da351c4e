package dev.baton.plugin.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FaultTest {

    @ParameterizedTest
    @EnumSource(Fault.Kind.class)
    void shouldThrowWhatItIsCalled(Fault.Kind kind) {
        assertThat(Fault.Kind.of(kind.word())).isSameAs(kind);
        Throwable thrown = catchThrowable(kind::raise);
        assertThat(thrown).isNotNull();
        assertThat(thrown instanceof Error).isEqualTo(kind != Fault.Kind.RUNTIME_EXCEPTION);
    }

    @Test
    void shouldSayWhichKindsThereAre() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Fault.Kind.of("oom"))
                .withMessageContaining("\"oom\"")
                .withMessageContaining("out-of-memory-error");
    }

    /** An interrupt must not shorten what is to look like a call that cannot be interrupted, and must not get lost. */
    @Test
    void shouldBlockForTheWholeTime() {
        Thread.currentThread().interrupt();
        long begin = System.nanoTime();
        Fault.block(20);
        assertThat(System.nanoTime() - begin).isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(20));
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void shouldSpinForTheWholeTime() {
        long begin = System.nanoTime();
        Fault.spin(5);
        assertThat(System.nanoTime() - begin).isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(5));
    }
}
