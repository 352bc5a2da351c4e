package dev.baton.runtime.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Some of the statuses of HTTP, as the configuration writes them: {@code 200-399}, or {@code 200,204,300-308}.
 *
 * @param ranges not empty
 */
public record StatusSet(List<Range> ranges) {
    private static final Pattern RANGE = Pattern.compile("([1-5]\\d\\d)(?:\\s?-\\s?([1-5]\\d\\d))?");

    /**
     * Statuses in a row.
     *
     * @param first the least
     * @param last the greatest
     */
    public record Range(int first, int last) {}

    /**
     * Reads it.
     *
     * @throws IllegalArgumentException if it is none; its message says why
     */
    static StatusSet parse(String text) {
        List<Range> ranges = new ArrayList<>();
        for (String each : text.split(",", -1)) {
            Matcher matcher = RANGE.matcher(each.strip());
            if (!matcher.matches()) {
                throw new IllegalArgumentException("expected statuses such as 200-399 or 200,204, not '" + text + "'");
            }
            int first = Integer.parseInt(matcher.group(1));
            int last = matcher.group(2) == null ? first : Integer.parseInt(matcher.group(2));
            if (last < first || first < 200) {
                throw new IllegalArgumentException("'" + each.strip() + "' "
                        + (first < 200 ? "is before an answer: the least status is 200" : "ends before it begins"));
            }
            ranges.add(new Range(first, last));
        }
        return new StatusSet(List.copyOf(ranges));
    }

    /** What is wrong with a text; empty if nothing is. */
    static Optional<String> problem(String text) {
        try {
            parse(text);
            return Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    /** Whether a status is one of them. */
    public boolean contains(int status) {
        for (Range each : ranges) {
            if (each.first <= status && status <= each.last) {
                return true;
            }
        }
        return false;
    }

    @Override
    public String toString() {
        List<String> words = new ArrayList<>();
        for (Range each : ranges) {
            words.add(each.first == each.last ? String.valueOf(each.first) : each.first + "-" + each.last);
        }
        return String.join(",", words);
    }
}
