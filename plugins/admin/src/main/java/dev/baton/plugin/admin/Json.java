package dev.baton.plugin.admin;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Writes records as JSON, their components as keys in kebab-case. They need not be public, and may be of any plugin's
 * class loader: they are read here, and the encoder of Vert.x gets maps and lists.
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
        return io.vertx.core.json.Json.encode(plain(value));
    }

    /** The value in the types that the encoder knows. */
    private static @Nullable Object plain(@Nullable Object value) {
        if (value == null || value instanceof Boolean) {
            return value;
        } else if (value instanceof Number number) {
            return Double.isFinite(number.doubleValue()) ? number : null;
        } else if (value instanceof Record row) {
            Map<String, @Nullable Object> object = new LinkedHashMap<>();
            for (Column column : COLUMNS.get(row.getClass())) {
                object.put(column.key(), plain(column.of(row)));
            }
            return object;
        } else if (value instanceof Optional<?> optional) {
            return plain(optional.orElse(null));
        } else if (value instanceof Map<?, ?> map) {
            Map<String, @Nullable Object> object = new LinkedHashMap<>();
            map.forEach((key, each) -> object.put(String.valueOf(key), plain(each)));
            return object;
        } else if (value instanceof Iterable<?> elements) {
            List<@Nullable Object> array = new ArrayList<>();
            elements.forEach(each -> array.add(plain(each)));
            return array;
        } else if (value instanceof Enum<?> constant) {
            return word(constant);
        } else {
            return value.toString();
        }
    }

    /** {@code PER_LOOP} becomes {@code per-loop}. */
    static String word(Object constant) {
        return ((Enum<?>) constant).name().toLowerCase(Locale.ROOT).replace('_', '-');
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
