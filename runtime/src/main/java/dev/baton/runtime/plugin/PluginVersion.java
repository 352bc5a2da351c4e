package dev.baton.runtime.plugin;

import java.util.ArrayList;
import java.util.List;

/**
 * A version, ordered as people expect: numbers between dots by their value (1.10 comes after 1.9, 1.0 is 1), and one
 * with something behind a hyphen before the one without (2.0-rc1 comes before 2.0).
 */
public record PluginVersion(List<Long> numbers, String qualifier) implements Comparable<PluginVersion> {

    /** Reads a version; what is no number between its dots counts as 0. */
    public static PluginVersion of(String text) {
        int hyphen = text.indexOf('-');
        String main = hyphen < 0 ? text : text.substring(0, hyphen);
        List<Long> numbers = new ArrayList<>();
        for (String part : main.split("\\.", -1)) {
            numbers.add(part.matches("\\d{1,18}") ? Long.parseLong(part) : 0L);
        }
        return new PluginVersion(numbers, hyphen < 0 ? "" : text.substring(hyphen + 1));
    }

    private Long number(int index) {
        return index < numbers.size() ? numbers.get(index) : 0L;
    }

    @Override
    public int compareTo(PluginVersion other) {
        for (int i = 0; i < Math.max(numbers.size(), other.numbers.size()); i++) {
            int order = number(i).compareTo(other.number(i));
            if (order != 0) {
                return order;
            }
        }
        if (qualifier.isEmpty() != other.qualifier.isEmpty()) {
            return qualifier.isEmpty() ? 1 : -1;
        }
        return qualifier.compareTo(other.qualifier);
    }
}
