package dev.baton.plugin.admin;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Writes records as JSON, their components as keys in kebab-case. No library: a plugin's view may have records of its own
 * class loader, and this is all that the API needs.
 *
 * <pre>
 * null, empty Optional, NaN, infinity   null
 * Boolean, Number                       as they are
 * Record, Map                           an object
 * Iterable                              an array
 * Enum                                  its name in kebab-case
 * everything else                       its toString
 * </pre>
 */
final class Json {
    private static final ClassValue<Column[]> COLUMNS = new ClassValue<>() {
        @Override
        protected Column[] computeValue(Class<?> type) {
            RecordComponent[] components = type.getRecordComponents();
            Column[] columns = new Column[components.length];
            for (int i = 0; i < columns.length; i++) {
                Method accessor = components[i].getAccessor();
                // A view's record need not be public.
                accessor.setAccessible(true);
                columns[i] = new Column(kebab(components[i].getName()), accessor);
            }
            return columns;
        }
    };

    private record Column(String key, Method accessor) {
        @Nullable
        Object of(Record row) {
            try {
                return accessor.invoke(row);
            } catch (IllegalAccessException | InvocationTargetException failure) {
                throw new IllegalStateException("cannot read " + key + " of " + row.getClass(), failure);
            }
        }
    }

    private Json() {}

    /** The JSON of a value. */
    static String of(@Nullable Object value) {
        StringBuilder out = new StringBuilder();
        append(out, value);
        return out.toString();
    }

    /** Appends the JSON of a value. */
    static void append(StringBuilder out, @Nullable Object value) {
        if (value == null) {
            out.append("null");
        } else if (value instanceof Record row) {
            appendRecord(out, row);
        } else if (value instanceof Double || value instanceof Float) {
            double number = ((Number) value).doubleValue();
            out.append(Double.isFinite(number) ? value.toString() : "null");
        } else if (value instanceof Number || value instanceof Boolean) {
            out.append(value);
        } else if (value instanceof Optional<?> optional) {
            append(out, optional.orElse(null));
        } else if (value instanceof Map<?, ?> map) {
            appendMap(out, map);
        } else if (value instanceof Iterable<?> elements) {
            appendArray(out, elements);
        } else if (value instanceof Enum<?> constant) {
            appendString(out, constant.name().toLowerCase(Locale.ROOT).replace('_', '-'));
        } else {
            appendString(out, value.toString());
        }
    }

    private static void appendRecord(StringBuilder out, Record row) {
        char separator = '{';
        for (Column column : COLUMNS.get(row.getClass())) {
            out.append(separator);
            appendString(out, column.key());
            out.append(':');
            append(out, column.of(row));
            separator = ',';
        }
        out.append(separator == '{' ? "{}" : "}");
    }

    private static void appendMap(StringBuilder out, Map<?, ?> map) {
        char separator = '{';
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            out.append(separator);
            appendString(out, String.valueOf(entry.getKey()));
            out.append(':');
            append(out, entry.getValue());
            separator = ',';
        }
        out.append(separator == '{' ? "{}" : "}");
    }

    private static void appendArray(StringBuilder out, Iterable<?> elements) {
        char separator = '[';
        for (Object element : elements) {
            out.append(separator);
            append(out, element);
            separator = ',';
        }
        out.append(separator == '[' ? "[]" : "]");
    }

    private static void appendString(StringBuilder out, String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"', '\\' -> out.append('\\').append(c);
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    // A lone surrogate has no UTF-8; escaped it stays what it is.
                    if (c < 0x20 || (Character.isSurrogate(c) && !paired(text, i))) {
                        out.append("\\u");
                        for (int shift = 12; shift >= 0; shift -= 4) {
                            out.append(Character.forDigit((c >> shift) & 0xF, 16));
                        }
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }

    private static boolean paired(String text, int i) {
        return Character.isHighSurrogate(text.charAt(i))
                ? i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))
                : i > 0 && Character.isHighSurrogate(text.charAt(i - 1));
    }

    /** {@code lastTurnAgeMs} becomes {@code last-turn-age-ms}. */
    static String kebab(String camel) {
        StringBuilder out = new StringBuilder(camel.length() + 4);
        for (int i = 0; i < camel.length(); i++) {
            char c = camel.charAt(i);
            if (Character.isUpperCase(c)) {
                if (i > 0) {
                    out.append('-');
                }
                out.append(Character.toLowerCase(c));
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }
}
