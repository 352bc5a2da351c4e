package dev.baton.it.launcher;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The keys of one section of the configuration with their defaults, as a page has them.
 *
 * @param defaults by key; as they are written in the page
 */
record KeyTable(Map<String, String> defaults) {
    private static final Pattern WRITTEN = Pattern.compile("\\| `([a-z0-9-]+)` \\| ([^|]*) \\| .*");
    private static final Pattern GENERATED =
            Pattern.compile("\\| `((?:[^`]*\\.)?)([a-z0-9-]+)` \\| [^|]+ \\| ([^|]*) \\|.*");

    /** The tables of the page that was written by hand: a section is a table. */
    static List<KeyTable> written(Page page) {
        return tables(page, "| key | default | is |", WRITTEN, false);
    }

    /** The tables of the generated page, whose keys have their section in front. */
    static List<KeyTable> generated(Page page) {
        return tables(page, "| key | type | default | range |", GENERATED, true);
    }

    private static List<KeyTable> tables(Page page, String head, Pattern row, boolean hasSections) {
        List<KeyTable> tables = new ArrayList<>();
        Map<String, KeyTable> bySection = new LinkedHashMap<>();
        boolean inside = false;
        for (String line : page.text().lines().toList()) {
            if (line.equals(head)) {
                inside = true;
                bySection = new LinkedHashMap<>();
            } else if (!line.startsWith("|")) {
                inside = false;
            }
            Matcher matcher = row.matcher(line);
            if (inside && matcher.matches()) {
                String section = hasSections ? matcher.group(1) : "";
                KeyTable table = bySection.computeIfAbsent(section, first -> {
                    KeyTable fresh = new KeyTable(new LinkedHashMap<>());
                    tables.add(fresh);
                    return fresh;
                });
                table.defaults.put(matcher.group(matcher.groupCount() - 1), matcher.group(matcher.groupCount()));
            }
        }
        return tables;
    }

    /** How many of the keys that two have together both have: from 0 to 1. */
    double likeness(KeyTable other) {
        Set<String> both = new HashSet<>(defaults.keySet());
        both.retainAll(other.defaults.keySet());
        Set<String> all = new HashSet<>(defaults.keySet());
        all.addAll(other.defaults.keySet());
        return (double) both.size() / all.size();
    }
}
