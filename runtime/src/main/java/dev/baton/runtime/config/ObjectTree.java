package dev.baton.runtime.config;

import dev.baton.runtime.config.ConfigNode.Entry;
import dev.baton.runtime.config.ConfigNode.Items;
import dev.baton.runtime.config.ConfigNode.Section;
import dev.baton.runtime.config.ConfigNode.Value;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Turns the maps and lists of a program into a tree, as {@link YamlTree} turns text. Nothing in it has a place. */
final class ObjectTree {
    private ObjectTree() {}

    /**
     * Of keys with values: maps, collections, durations of whole milliseconds, and whatever else has its configuration
     * text as its {@code toString}.
     */
    static Section section(Map<String, ?> keys) {
        Map<String, Entry> entries = new LinkedHashMap<>();
        keys.forEach((key, value) -> entries.put(key, new Entry(Position.NOWHERE, node(value))));
        return new Section(Position.NOWHERE, entries);
    }

    private static ConfigNode node(@Nullable Object value) {
        if (value instanceof Map<?, ?> map) {
            Map<String, @Nullable Object> keys = new LinkedHashMap<>();
            map.forEach((key, each) -> keys.put(String.valueOf(key), each));
            return section(keys);
        }
        if (value instanceof Collection<?> list) {
            List<ConfigNode> items = new ArrayList<>();
            list.forEach(each -> items.add(node(each)));
            return new Items(Position.NOWHERE, items);
        }
        if (value == null) {
            return new Value(Position.NOWHERE, "", true);
        }
        String text = value instanceof Duration duration ? millis(duration) : value.toString();
        Value plain = new Value(Position.NOWHERE, text, true);
        return plain.isNothing() ? new Value(Position.NOWHERE, text, false) : plain;
    }

    private static String millis(Duration duration) {
        try {
            long millis = duration.toMillis();
            return duration.equals(Duration.ofMillis(millis)) ? millis + "ms" : duration.toString();
        } catch (ArithmeticException tooLong) {
            return duration.toString(); // which is refused in the words of its key
        }
    }
}
