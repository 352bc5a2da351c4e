package dev.baton.runtime.config;

import dev.baton.runtime.config.ConfigNode.Entry;
import dev.baton.runtime.config.ConfigNode.Items;
import dev.baton.runtime.config.ConfigNode.Section;
import dev.baton.runtime.config.ConfigNode.Value;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A file as it is written, before anything is known of what may be in it. What is not of the expected form is left out.
 */
record ConfigTree(Section root) {
    /** A key at the top; null if it is not there. */
    @Nullable
    Entry entry(String key) {
        return root.entries().get(key);
    }

    /** The keys of a section at the top. */
    Map<String, Entry> section(String key) {
        Entry entry = root.entries().get(key);
        return entry != null && entry.value() instanceof Section section ? section.entries() : Map.of();
    }

    /** A value at the top that is not nothing; null if there is none. */
    @Nullable
    Value value(String key) {
        Entry entry = entry(key);
        return entry != null && entry.value() instanceof Value value && !value.isNothing() ? value : null;
    }

    /** A value of a section at the top. */
    Optional<String> text(String section, String key) {
        Entry found = root.entries().get(section);
        Value value = found == null ? null : child(found, key);
        return value == null ? Optional.empty() : Optional.of(value.text());
    }

    /** The items of a list in a section at the top, as far as they are written properly. */
    List<Value> values(String section, String key) {
        Entry found = root.entries().get(section);
        Entry list = found != null && found.value() instanceof Section keys
                ? keys.entries().get(key)
                : null;
        if (list == null || !(list.value() instanceof Items items)) {
            return List.of();
        }
        return items.items().stream()
                .filter(item -> item instanceof Value value && !value.text().isBlank())
                .map(Value.class::cast)
                .toList();
    }

    /** A value of a section that is not nothing; null if there is none. */
    static @Nullable Value child(Entry entry, String key) {
        Entry child =
                entry.value() instanceof Section section ? section.entries().get(key) : null;
        return child != null && child.value() instanceof Value value && !value.isNothing() ? value : null;
    }
}
