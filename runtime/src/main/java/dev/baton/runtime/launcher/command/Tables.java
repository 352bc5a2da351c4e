package dev.baton.runtime.launcher.command;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** JSON as a table for a person. */
final class Tables {
    private static final String GAP = "  ";

    private Tables() {}

    /** A column for each key, numbers to the right. */
    static String of(JsonArray rows, String nothing) {
        if (rows.isEmpty()) {
            return nothing;
        }
        Set<String> keys = new LinkedHashSet<>();
        rows.forEach(row -> keys.addAll(((JsonObject) row).fieldNames()));
        List<List<String>> lines = new ArrayList<>();
        lines.add(keys.stream().map(key -> key.toUpperCase(Locale.ROOT)).toList());
        rows.forEach(row -> lines.add(
                keys.stream().map(key -> text(((JsonObject) row).getValue(key))).toList()));
        List<Boolean> numeric = keys.stream()
                .map(key -> rows.stream().allMatch(row -> ((JsonObject) row).getValue(key) instanceof Number))
                .toList();
        return layOut(lines, numeric);
    }

    /** A line for each key. */
    static String of(JsonObject object) {
        List<List<String>> lines = new ArrayList<>();
        object.forEach(entry -> lines.add(List.of(entry.getKey(), text(entry.getValue()))));
        return layOut(lines, List.of(false, false));
    }

    private static String layOut(List<List<String>> lines, List<Boolean> right) {
        int columns = right.size();
        int[] widths = new int[columns];
        for (List<String> line : lines) {
            for (int i = 0; i < columns; i++) {
                widths[i] = Math.max(widths[i], line.get(i).length());
            }
        }
        return lines.stream()
                .map(line -> {
                    StringBuilder out = new StringBuilder();
                    for (int i = 0; i < columns; i++) {
                        String padding = " ".repeat(widths[i] - line.get(i).length());
                        out.append(i == 0 ? "" : GAP)
                                .append(right.get(i) ? padding + line.get(i) : line.get(i) + padding);
                    }
                    return out.toString().stripTrailing();
                })
                .collect(Collectors.joining(System.lineSeparator()));
    }

    /** A value in a cell: lists joined by commas, nothing as a dash, objects as their values. */
    private static String text(@Nullable Object value) {
        if (value == null) {
            return "-";
        }
        if (value instanceof JsonArray array && !array.isEmpty()) {
            return array.stream().map(Tables::text).collect(Collectors.joining(", "));
        }
        if (value instanceof JsonObject object) {
            return object.stream()
                    .map(entry -> entry.getKey() + " " + text(entry.getValue()))
                    .collect(Collectors.joining(", "));
        }
        String text = value instanceof JsonArray ? "" : value.toString();
        return text.isEmpty() ? "-" : text;
    }
}
