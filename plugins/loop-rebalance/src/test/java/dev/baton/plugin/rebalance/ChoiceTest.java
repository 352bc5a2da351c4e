package dev.baton.plugin.rebalance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.rebalance.Choice.Move;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Which connections leave a hot loop, and what for. */
class ChoiceTest {
    private static final double MARGIN = 0.15;

    private static double[] of(double... values) {
        return values;
    }

    /** In a hundred: the loops' loads, of which the first is hot; the connections' costs; what becomes of them. */
    static Stream<Arguments> choices() {
        return Stream.of(
                Arguments.of("a single one stays", of(95, 0), of(95), List.of()),
                Arguments.of("so does one that is nearly all", of(95, 0, 0), of(88), List.of()),
                Arguments.of("of two one goes", of(94, 0), of(47, 47), List.of(new Move(1, 1))),
                Arguments.of("but not where it would be as hot", of(94, 40), of(47, 47), List.of()),
                Arguments.of("what does nothing stays", of(90, 0), of(0, 0, 0), List.of()),
                Arguments.of("there is none", of(90, 0), of(), List.of()),
                Arguments.of(
                        "the light ones leave the heavy one alone",
                        of(90, 0, 0),
                        of(60, 10, 10, 10),
                        List.of(new Move(1, 1), new Move(2, 2), new Move(3, 1))),
                Arguments.of(
                        "half of the way to the average",
                        of(80, 0),
                        of(10, 10, 10, 10, 10, 10, 10, 10),
                        List.of(new Move(0, 1), new Move(1, 1))),
                Arguments.of(
                        "to the coldest",
                        of(90, 30, 10),
                        of(10, 10, 3),
                        List.of(new Move(0, 2), new Move(1, 2), new Move(2, 1))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("choices")
    void shouldChoose(String what, double[] loads, double[] costs, List<Move> expected) {
        double[] shares = Arrays.stream(loads).map(each -> each / 100).toArray();
        double[] parts = Arrays.stream(costs).map(each -> each / 100).toArray();
        assertThat(Choice.of(shares, 0, parts, MARGIN, Integer.MAX_VALUE)).isEqualTo(expected);
    }

    @Test
    void shouldChooseNoMoreThanItMay() {
        assertThat(Choice.of(of(0.2, 0.9), 1, of(0.01, 0.01, 0.01), MARGIN, 2))
                .containsExactly(new Move(0, 0), new Move(1, 0));
        assertThat(Choice.of(of(0.2, 0.9), 1, of(0.3), MARGIN, 0)).isEmpty();
    }

    @Test
    void shouldAlwaysLowerTheMaximum() {
        java.util.SplittableRandom random = new java.util.SplittableRandom(36);
        for (int round = 0; round < 20_000; round++) {
            double[] loads = random.doubles(2 + random.nextInt(6)).toArray();
            int hot = 0;
            for (int i = 0; i < loads.length; i++) {
                hot = loads[i] > loads[hot] ? i : hot;
            }
            double[] parts = random.doubles(1 + random.nextInt(20)).toArray();
            double sum = Arrays.stream(parts).sum();
            double scale = loads[hot] / sum;
            double[] costs = Arrays.stream(parts)
                    .map(each -> -each * scale)
                    .sorted()
                    .map(each -> -each)
                    .toArray();
            double[] after = loads.clone();
            List<Move> moves = Choice.of(loads, hot, costs, MARGIN, 100);
            for (Move each : moves) {
                after[hot] -= costs[each.connection()];
                after[each.to()] += costs[each.connection()];
            }
            if (!moves.isEmpty()) {
                assertThat(Arrays.stream(after).max().orElseThrow())
                        .as("round %d", round)
                        .isLessThan(loads[hot]);
            }
        }
    }
}
