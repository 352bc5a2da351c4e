package dev.baton.runtime.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.spi.config.ByteRate;
import dev.baton.spi.config.ByteSize;
import java.math.BigInteger;
import java.time.Duration;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.LongRange;

/** What is printed is read as the same; what is read is what stands there or an error, never something near it. */
class ScalarsProperties {
    private static final Map<String, Long> MILLIS = Map.of("ms", 1L, "s", 1_000L, "m", 60_000L, "h", 3_600_000L);
    private static final Map<String, Long> BYTES = Map.of("B", 1L, "KiB", 1L << 10, "MiB", 1L << 20, "GiB", 1L << 30);

    @Property
    void aTimeIsReadAsItIsPrinted(@ForAll @LongRange(min = 0, max = 999_999_999_999_999L) long millis) {
        Duration time = Duration.ofMillis(millis);
        assertThat(Scalars.parse(Duration.class, Scalars.word(time), true)).isEqualTo(Scalars.Result.of(time));
        assertThat(Durations.parse(Scalars.word(time))).isEqualTo(time);
    }

    @Property
    void aSizeIsReadAsItIsPrinted(@ForAll @LongRange(min = 0, max = 999_999_999_999_999L) long bytes) {
        ByteSize size = new ByteSize(bytes);
        assertThat(Scalars.parse(ByteSize.class, size.toString(), true)).isEqualTo(Scalars.Result.of(size));
    }

    @Property
    void aRateOfBytesIsReadAsItIsPrinted(@ForAll @LongRange(min = 0, max = 999_999_999_999_999L) long bytes) {
        ByteRate rate = new ByteRate(bytes);
        assertThat(Scalars.parse(ByteRate.class, rate.toString(), true)).isEqualTo(Scalars.Result.of(rate));
    }

    @Property
    void aTimeIsExactOrAnError(@ForAll("amounts") String amount, @ForAll("times") String unit) {
        check(Duration.class, amount, unit, MILLIS, value -> BigInteger.valueOf(((Duration) value).toMillis()));
    }

    @Property
    void aSizeIsExactOrAnError(@ForAll("amounts") String amount, @ForAll("sizes") String unit) {
        check(ByteSize.class, amount, unit, BYTES, value -> BigInteger.valueOf(((ByteSize) value).bytes()));
    }

    private interface Exact {
        BigInteger of(Object value);
    }

    private static void check(Class<?> type, String amount, String unit, Map<String, Long> units, Exact exact) {
        Scalars.Result result = Scalars.parse(type, amount + unit, true);
        assertThat(result.value() == null).isNotEqualTo(result.problem() == null);
        Object value = result.value();
        // Only a zero is the same in every unit.
        Long factor = unit.isEmpty() && amount.matches("0+") ? Long.valueOf(1) : units.get(unit);
        if (value != null) {
            assertThat(factor).isNotNull();
            assertThat(exact.of(value)).isEqualTo(new BigInteger(amount).multiply(BigInteger.valueOf(factor)));
            assertThat(Scalars.parse(type, Scalars.word(value), true).value()).isEqualTo(value);
        } else if (factor != null) {
            // Up to fifteen digits are read; then only what does not fit is refused.
            assertThat(amount.length() > 15
                            || new BigInteger(amount)
                                            .multiply(BigInteger.valueOf(factor))
                                            .bitLength()
                                    > 63)
                    .as(amount + unit)
                    .isTrue();
        }
    }

    @Provide
    Arbitrary<String> amounts() {
        return Arbitraries.strings().numeric().ofMinLength(1).ofMaxLength(20);
    }

    @Provide
    Arbitrary<String> times() {
        return Arbitraries.of("ms", "s", "m", "h", "d", "MS", "us", "");
    }

    @Provide
    Arbitrary<String> sizes() {
        return Arbitraries.of("B", "KiB", "MiB", "GiB", "TiB", "KB", "kib", "");
    }

    @Property
    void anyTextIsAValueOrAnError(@ForAll String text, @ForAll boolean plain, @ForAll @From("types") Class<?> type) {
        Scalars.Result result = Scalars.parse(type, text, plain);
        assertThat(result.value() == null).isNotEqualTo(result.problem() == null);
    }

    @Provide
    Arbitrary<Class<?>> types() {
        return Arbitraries.of(
                String.class,
                int.class,
                long.class,
                double.class,
                boolean.class,
                Duration.class,
                ByteSize.class,
                java.nio.file.Path.class,
                TestVocabulary.Mode.class);
    }

    @Property
    void aWholeNumberIsReadExactly(
            @ForAll @LongRange(min = -999_999_999_999_999_999L, max = 999_999_999_999_999_999L) long n) {
        assertThat(Scalars.parse(long.class, Long.toString(n), true)).isEqualTo(Scalars.Result.of(n));
        boolean fits = n == (int) n;
        assertThat(Scalars.parse(int.class, Long.toString(n), true).value()).isEqualTo(fits ? (int) n : null);
    }

    @Example
    void aNumberThatDoesNotFitIsAnError() {
        assertThat(Scalars.parse(double.class, "1" + "0".repeat(400), true).problem())
                .isNotNull();
        assertThat(Scalars.parse(double.class, "-1" + "0".repeat(400), true).problem())
                .isNotNull();
        assertThatThrownBy(() -> Durations.parse("999999999999999h")).hasMessage("'999999999999999h' is too much");
    }
}
