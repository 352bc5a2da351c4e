package dev.baton.runtime.metrics;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The label values of a series, in the order of their keys.
 *
 * @param keys in alphabetical order, each once
 * @param values as many
 */
record LabelSet(List<String> keys, List<String> values) implements Comparable<LabelSet> {

    /**
     * Of pairs in any order.
     *
     * @param pairs key, value, key, value and so on; of a key that stands twice the last counts
     */
    static LabelSet of(String... pairs) {
        Map<String, String> sorted = new TreeMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            sorted.put(pairs[i], pairs[i + 1]);
        }
        return new LabelSet(List.copyOf(sorted.keySet()), List.copyOf(sorted.values()));
    }

    /** The same keys, with one value for all of them. */
    LabelSet all(String value) {
        return new LabelSet(keys, Collections.nCopies(keys.size(), value));
    }

    Map<String, String> toMap() {
        Map<String, String> map = new LinkedHashMap<>();
        for (int i = 0; i < keys.size(); i++) {
            map.put(keys.get(i), values.get(i));
        }
        return map;
    }

    @Override
    public int compareTo(LabelSet other) {
        int order = compare(values, other.values);
        return order != 0 ? order : compare(keys, other.keys);
    }

    private static int compare(List<String> one, List<String> other) {
        for (int i = 0; i < Math.min(one.size(), other.size()); i++) {
            int order = one.get(i).compareTo(other.get(i));
            if (order != 0) {
                return order;
            }
        }
        return Integer.compare(one.size(), other.size());
    }

    @Override
    public String toString() {
        return toMap().toString();
    }
}
