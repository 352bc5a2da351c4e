package dev.baton.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class FakeMetricsTest {
    private final FakeMetrics metrics = new FakeMetrics();

    @Test
    void shouldTellWhatWasCounted() {
        metrics.counter("baton_test_total", "Help.", "route", "a", "service", "s")
                .add(3);
        assertThat(metrics.count("baton_test_total", "service", "s", "route", "a"))
                .isEqualTo(3);
        assertThat(metrics.count("baton_test_total", "route", "b")).isZero();
        assertThat(metrics.count("baton_none_total")).isZero();
        metrics.forget("baton_test_total", "route", "a", "service", "s");
        assertThat(metrics.count("baton_test_total", "service", "s", "route", "a"))
                .isZero();
    }

    @Test
    void shouldTellGaugesAndDurations() {
        metrics.gauge("baton_test_bytes", "Help.", () -> 42, "pool", "a");
        assertThat(metrics.gauge("baton_test_bytes", "pool", "a")).isEqualTo(42);
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> metrics.gauge("baton_test_bytes"))
                .withMessageContaining("there are [")
                .withMessageContaining("pool=a");
        metrics.histogram("baton_test_seconds", "Help.").record(5);
        metrics.histogram("baton_test_seconds", "Help.").record(7);
        assertThat(metrics.recorded("baton_test_seconds")).containsExactly(5L, 7L);
    }

    @Test
    void shouldRefuseWhatTheRuntimeRefuses() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> metrics.counter("baton_test", "Help."))
                .withMessageContaining("must end in _total");
        assertThatIllegalArgumentException().isThrownBy(() -> metrics.gauge("test", "Help.", () -> 1));
        assertThatIllegalArgumentException().isThrownBy(() -> metrics.counter("baton_test_total", "Help.", "key"));
    }
}
