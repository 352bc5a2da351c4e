package dev.baton.plugin.rebalance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.baton.spi.config.Percent;
import dev.baton.spi.config.Rate;
import dev.baton.spi.loop.LoopLoad;
import dev.baton.testkit.ManualLoop;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Averages of loads, how uneven they are, and what a configuration may say of it. */
class LoadsTest {
    private static final long SECOND = 1_000_000_000;

    private final ManualLoop first = new ManualLoop(0);
    private final ManualLoop second = new ManualLoop(1);
    private final LoadWindow window = new LoadWindow(3 * SECOND);

    private void look(int second, LoopLoad... loops) {
        window.add(second * SECOND, List.of(loops));
    }

    private static LoopLoad at(ManualLoop loop, double cpuSeconds, boolean avoided) {
        return new LoopLoad(loop, avoided, (long) (cpuSeconds * SECOND), (long) (cpuSeconds * 1_000));
    }

    @Test
    void shouldAverageOverTheWindowAndNoMore() {
        look(1, at(first, 100, false));
        look(2, at(first, 101, false));
        assertThat(window.isFull()).isFalse();
        for (int i = 3; i <= 5; i++) {
            look(i, at(first, 101 + (i - 2) * 0.5, false));
        }
        assertThat(window.isFull()).isTrue();
        assertThat(window.loads()).singleElement().satisfies(load -> {
            assertThat(load.busy()).isCloseTo(0.5, within(1e-9));
            assertThat(load.events()).isEqualTo(1_500);
        });
        window.restart();
        assertThat(window.isFull()).isFalse();
        assertThat(window.loads()).isEmpty();
    }

    @Test
    void shouldNotJudgeALoopThatItHasSeenOnceAndForgetOneThatIsGone() {
        look(1, at(first, 0, false));
        look(4, at(first, 1, false), at(second, 0.2, false));
        assertThat(window.loads()).extracting(load -> load.loop().id()).containsExactly(0);
        look(5, at(second, 0.7, false));
        assertThat(window.loads()).singleElement().satisfies(load -> {
            assertThat(load.loop()).isSameAs(second);
            assertThat(load.busy()).isCloseTo(0.5, within(1e-9));
        });
    }

    @Test
    void shouldRememberThatALoopWasAvoided() {
        look(1, at(first, 0, false));
        look(2, at(first, 0, true));
        look(4, at(first, 0, false));
        assertThat(window.loads()).singleElement().matches(Load::avoided);
        look(5, at(first, 0, false));
        look(6, at(first, 0, false));
        look(7, at(first, 0, false));
        assertThat(window.loads()).singleElement().matches(load -> !load.avoided());
    }

    private Spread spread(double hot, double cold) {
        return Objects.requireNonNull(
                Spread.of(List.of(new Load(first, false, cold, 1), new Load(second, false, hot, 1)), any -> true));
    }

    @Test
    void shouldCompareWhatCanBeCompared() {
        assertThat(spread(0.9, 0.1).hottest().loop()).isSameAs(second);
        assertThat(Spread.of(List.of(), any -> true)).isNull();
        assertThat(Spread.of(List.of(new Load(first, false, 0.9, 1)), any -> true))
                .isNull();
        assertThat(Spread.of(List.of(new Load(first, false, 0.9, 1), new Load(second, true, 0, 0)), any -> true))
                .isNull();
        List<Load> both = List.of(new Load(first, false, 0.9, 1), new Load(second, false, 0.1, 1));
        assertThat(Spread.of(both, loop -> loop == second)).satisfies(other -> {
            assertThat(other.hottest().loop()).isSameAs(second);
            assertThat(other.total()).isEqualTo(1);
        });
    }

    @Test
    void shouldSayWhetherItIsWorthIt() {
        assertThat(spread(0.9, 0.1).isWorthIt(0.5, 0.3, 4)).isTrue();
        assertThat(spread(0.9, 0.1).isWorthIt(0.5, 0.3, 1)).as("one processor").isFalse();
        assertThat(spread(0.9, 0.1).isWorthIt(0.95, 0.3, 4))
                .as("below the floor")
                .isFalse();
        assertThat(spread(0.9, 0.7).isWorthIt(0.5, 0.3, 4)).as("even").isFalse();
        assertThat(spread(1, 0.95).isWorthIt(0.5, 0.01, 2))
                .as("no processor is free")
                .isFalse();
        assertThat(spread(0.5, 0.5).isWorthIt(0.1, 0, 4)).as("equal").isFalse();
    }

    private static RebalanceConfig config(int high, int low, Duration window) {
        return new RebalanceConfig(
                Duration.ofSeconds(1),
                window,
                3,
                new Percent(high),
                new Percent(low),
                new Percent(50),
                new Rate(200),
                Duration.ofSeconds(30));
    }

    @Test
    void shouldRefuseWhatCannotWork() {
        assertThatThrownBy(() -> config(10, 10, Duration.ofSeconds(3)))
                .hasMessage("low-water must be less than high-water, and 10% is not less than 10%");
        assertThatThrownBy(() -> config(30, 10, Duration.ofMillis(500)))
                .hasMessage("window must be at least one period, and 500ms is less than 1000ms");
    }
}
