package dev.baton.plugin.chaos;

import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.Loops;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Reads the parameters of an action; whatever is wrong with one is an IllegalArgumentException for the one who asked. */
final class Parameters {
    /** An hour: whoever wants more asks again. */
    static final long TIME_MAX_MILLIS = 3_600_000;

    private final Map<String, String> given;

    /** The parameters of one call, of which all are known. */
    Parameters(Map<String, String> given, String... known) {
        this.given = given;
        Set<String> unknown = new TreeSet<>(given.keySet());
        unknown.removeAll(Set.of(known));
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException("unknown parameter \"" + String.join("\", \"", unknown)
                    + "\"; there is: " + String.join(", ", known));
        }
    }

    String text(String key) {
        String text = given.get(key);
        if (text == null) {
            throw new IllegalArgumentException("the parameter \"" + key + "\" is missing");
        }
        return text;
    }

    /** A whole number in a range. */
    long number(String key, long min, long max) {
        String text = text(key);
        try {
            long number = Long.parseLong(text);
            if (number >= min && number <= max) {
                return number;
            }
        } catch (NumberFormatException notANumber) {
            // Said below.
        }
        throw new IllegalArgumentException(key + "=" + text + ": must be a number from " + min + " to " + max);
    }

    /** {@link #number} with a default. */
    long number(String key, long min, long max, long otherwise) {
        return given.containsKey(key) ? number(key, min, max) : otherwise;
    }

    /** The loop whose id is given. */
    Loop loop(Loops loops) {
        long id = number("loop", 0, Integer.MAX_VALUE);
        return loops.all().stream()
                .filter(loop -> loop.id() == id)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no loop " + id + "; there is: "
                        + loops.all().stream()
                                .map(loop -> Integer.toString(loop.id()))
                                .toList()));
    }
}
