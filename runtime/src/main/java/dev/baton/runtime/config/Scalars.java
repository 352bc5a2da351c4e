package dev.baton.runtime.config;

import dev.baton.spi.config.ByteRate;
import dev.baton.spi.config.ByteSize;
import dev.baton.spi.config.Percent;
import dev.baton.spi.config.Rate;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Turns one value of the file into an object, strictly: the wrong type and a missing unit are errors. */
final class Scalars {
    private static final Pattern WHOLE = Pattern.compile("[-+]?\\d{1,18}");
    private static final Pattern DECIMAL = Pattern.compile("[-+]?\\d+(\\.\\d+)?");
    private static final Pattern NOTHING = Pattern.compile("0+");
    private static final Pattern WITH_UNIT = Pattern.compile("(\\d{1,15})\\s?([A-Za-z]*)");
    private static final Pattern RATE = Pattern.compile("(\\d{1,9})\\s?/\\s?([smh])");
    private static final Pattern BYTE_RATE = Pattern.compile("([^/]*?)\\s?/\\s?s");
    private static final String BYTE_RATES = "240B/s, 64KiB/s or 1MiB/s";
    private static final Pattern PERCENT = Pattern.compile("(\\d{1,9})\\s?%");
    /** What is a share once it has its sign. */
    private static final Pattern SHARE = Pattern.compile("\\d{1,2}|100");

    private static final Pattern MODE = Pattern.compile("0?[0-7]{3}");
    private static final Map<String, Long> MILLIS = Map.of("ms", 1L, "s", 1_000L, "m", 60_000L, "h", 3_600_000L);
    private static final Map<String, Long> BYTES = Map.of("B", 1L, "KiB", 1L << 10, "MiB", 1L << 20, "GiB", 1L << 30);

    private static final Set<Class<?>> TYPES = Set.of(
            String.class,
            int.class,
            Integer.class,
            long.class,
            Long.class,
            double.class,
            Double.class,
            boolean.class,
            Boolean.class,
            Duration.class,
            ByteSize.class,
            ByteRate.class,
            Rate.class,
            Percent.class,
            FileMode.class,
            LoopSet.class,
            LoopCount.class,
            Path.class);

    private Scalars() {}

    /** A value, or what is wrong with it: exactly one of the two. */
    record Result(@Nullable Object value, @Nullable String problem) {
        static Result of(Object value) {
            return new Result(value, null);
        }

        static Result wrong(String problem) {
            return new Result(null, problem);
        }
    }

    /** True if {@link #parse} knows this type. */
    static boolean knows(Class<?> type) {
        return type.isEnum() || TYPES.contains(type);
    }

    /** What a person calls a type: {@code number}, {@code time}, or the words that are possible. */
    static String noun(Class<?> type) {
        if (type.isEnum()) {
            return Arrays.stream(type.getEnumConstants()).map(Scalars::word).collect(Collectors.joining(", "));
        } else if (type == String.class || type == Path.class) {
            return "text";
        } else if (type == boolean.class || type == Boolean.class) {
            return "true or false";
        } else if (type == Duration.class) {
            return "time";
        } else if (type == ByteSize.class) {
            return "size";
        } else if (type == Rate.class || type == ByteRate.class) {
            return "rate";
        } else if (type == Percent.class) {
            return "share";
        }
        return type == FileMode.class
                ? "permissions"
                : type == LoopSet.class ? "loops" : type == LoopCount.class ? "number or auto" : "number";
    }

    /**
     * Parses a value.
     *
     * @param plain true if it stands there without quotes: numbers and booleans must
     */
    static Result parse(Class<?> type, String text, boolean plain) {
        if (type == String.class) {
            return text.isBlank() ? Result.wrong("expected a text, not an empty one") : Result.of(text);
        }
        if (type == int.class || type == Integer.class) {
            return number(text, plain, Integer.MIN_VALUE, Integer.MAX_VALUE, true);
        }
        if (type == long.class || type == Long.class) {
            return number(text, plain, Long.MIN_VALUE, Long.MAX_VALUE, false);
        }
        if (type == double.class || type == Double.class) {
            return decimal(text, plain);
        }
        if (type == boolean.class || type == Boolean.class) {
            return plain && (text.equals("true") || text.equals("false"))
                    ? Result.of(Boolean.valueOf(text))
                    : Result.wrong("expected true or false, not '" + text + "'");
        }
        if (type == Duration.class) {
            return withUnit(text, MILLIS, "a time", "250ms, 30s, 5m or 1h", Duration::ofMillis);
        }
        if (type == ByteSize.class) {
            return withUnit(text, BYTES, "a size", "512B, 64KiB, 8MiB or 1GiB", ByteSize::new);
        }
        if (type == ByteRate.class) {
            return byteRate(text);
        }
        if (type == Rate.class) {
            return rate(text);
        }
        if (type == Percent.class) {
            return percent(text);
        }
        if (type == FileMode.class) {
            return MODE.matcher(text).matches()
                    ? Result.of(new FileMode(Integer.parseInt(text, 8)))
                    : Result.wrong("expected permissions such as \"0660\", not '" + text + "'");
        }
        if (type == LoopSet.class) {
            return text.equals("all")
                    ? Result.of(LoopSet.ALL)
                    : Result.wrong("expected all, or ids such as [0, 2], not '" + text + "'");
        }
        if (type == LoopCount.class) {
            return loopCount(text, plain);
        }
        if (type == Path.class) {
            return path(text);
        }
        if (type.isEnum()) {
            return constant(type, text);
        }
        throw new IllegalArgumentException("no value of the file becomes a " + type.getName());
    }

    private static Result loopCount(String text, boolean plain) {
        if (text.equals("auto")) {
            return Result.of(LoopCount.AUTO);
        }
        if (!plain || !WHOLE.matcher(text).matches()) {
            return Result.wrong("expected a whole number or auto, not '" + text + "'" + quotes(plain, WHOLE, text));
        }
        Result number = number(text, true, 1, LoopCount.MAX, true);
        return number.value() instanceof Integer count ? Result.of(LoopCount.of(count)) : number;
    }

    private static Result number(String text, boolean plain, long least, long greatest, boolean asInt) {
        if (!plain || !WHOLE.matcher(text).matches()) {
            return Result.wrong("expected a whole number, not '" + text + "'" + quotes(plain, WHOLE, text));
        }
        long value = Long.parseLong(text);
        if (value < least || value > greatest) {
            return Result.wrong(text + " is outside " + least + " to " + greatest);
        }
        return asInt ? Result.of((int) value) : Result.of(value);
    }

    private static Result decimal(String text, boolean plain) {
        if (!plain || !DECIMAL.matcher(text).matches()) {
            return Result.wrong("expected a number, not '" + text + "'" + quotes(plain, DECIMAL, text));
        }
        double value = Double.parseDouble(text);
        return Double.isInfinite(value) ? Result.wrong("'" + text + "' is too much") : Result.of(value);
    }

    private static String quotes(boolean plain, Pattern form, String text) {
        return !plain && form.matcher(text).matches() ? "; remove the quotes" : "";
    }

    private interface FromUnits {
        Object of(long smallest);
    }

    private static Result withUnit(
            String text, Map<String, Long> units, String noun, String examples, FromUnits result) {
        Matcher matcher = WITH_UNIT.matcher(text);
        if (!matcher.matches()) {
            return Result.wrong("expected " + noun + " such as " + examples + ", not '" + text + "'");
        }
        String unit = matcher.group(2);
        if (unit.isEmpty()) {
            if (NOTHING.matcher(text).matches()) {
                return Result.of(result.of(0)); // in whatever unit
            }
            return Result.wrong("'" + text + "' has no unit; write " + noun + " as " + examples);
        }
        Long factor = units.get(unit);
        if (factor == null) {
            Optional<String> near =
                    units.keySet().stream().filter(unit::equalsIgnoreCase).findFirst();
            return Result.wrong("unknown unit '" + unit + "' in '" + text + "'"
                    + near.map(word -> "; did you mean '" + word + "'?").orElse("; write " + noun + " as " + examples));
        }
        try {
            return Result.of(result.of(Math.multiplyExact(Long.parseLong(matcher.group(1)), factor)));
        } catch (ArithmeticException e) {
            return Result.wrong("'" + text + "' is too much");
        }
    }

    private static Result byteRate(String text) {
        Matcher matcher = BYTE_RATE.matcher(text);
        return matcher.matches()
                ? withUnit(matcher.group(1), BYTES, "a rate", BYTE_RATES, ByteRate::new)
                : Result.wrong("expected a rate such as " + BYTE_RATES + ", not '" + text + "'");
    }

    private static Result rate(String text) {
        Matcher matcher = RATE.matcher(text);
        if (!matcher.matches()) {
            return Result.wrong("expected a rate such as 500/s, 30/m or 1/h, not '" + text + "'");
        }
        long amount = Long.parseLong(matcher.group(1));
        double seconds = MILLIS.getOrDefault(matcher.group(2), 1L) / 1_000.0;
        return amount == 0
                ? Result.wrong("'" + text + "' lets nothing through")
                : Result.of(new Rate(amount / seconds));
    }

    private static Result percent(String text) {
        Matcher matcher = PERCENT.matcher(text);
        if (!matcher.matches()) {
            return Result.wrong("expected a share such as 25%, not '" + text + "'"
                    + (SHARE.matcher(text).matches() ? "; write " + text + "%" : ""));
        }
        int hundredths = Integer.parseInt(matcher.group(1));
        return hundredths <= 100
                ? Result.of(new Percent(hundredths))
                : Result.wrong("'" + text + "' is more than the whole, 100%");
    }

    private static Result path(String text) {
        try {
            return Result.of(Path.of(text));
        } catch (InvalidPathException e) {
            return Result.wrong("'" + text + "' is no path: " + e.getReason());
        }
    }

    private static Result constant(Class<?> type, String text) {
        List<String> words =
                Arrays.stream(type.getEnumConstants()).map(Scalars::word).toList();
        int index = words.indexOf(text);
        return index >= 0
                ? Result.of(type.getEnumConstants()[index])
                : Result.wrong("'" + text + "' is not possible" + Words.suggestion(text, words, "nothing is"));
    }

    /** How a value stands in a file: the reverse of {@link #parse}. */
    static String word(Object value) {
        if (value instanceof Enum<?> constant) {
            // What has a name of its own outside, as versions of a protocol do, says so.
            return constant.toString().equals(constant.name())
                    ? constant.name().toLowerCase(Locale.ROOT).replace('_', '-')
                    : constant.toString();
        }
        if (value instanceof Duration duration) {
            long millis = duration.toMillis();
            if (millis == 0) {
                return "0s";
            }
            for (String unit : List.of("h", "m", "s")) {
                long factor = MILLIS.getOrDefault(unit, 1L);
                if (millis % factor == 0) {
                    return millis / factor + unit;
                }
            }
            return millis + "ms";
        }
        return String.valueOf(value);
    }
}
