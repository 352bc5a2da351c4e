package dev.baton.plugin.admin;

import java.lang.reflect.AnnotatedType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the answer to a request holds if all is well, for the OpenAPI document.
 *
 * @param type the media type
 * @param schema its form, as OpenAPI 3.0 describes it: that of records as {@link Json} writes them
 */
record Content(String type, Map<String, Object> schema) {
    private static final String TYPE = "type";
    private static final String OBJECT = "object";

    /** Words for a person or a probe. */
    static Content text() {
        return new Content("text/plain", Map.of(TYPE, "string"));
    }

    /** An object of a plugin's. */
    static Content object() {
        return new Content(Reply.JSON, Map.of(TYPE, OBJECT));
    }

    /** A record. */
    static Content object(Class<? extends Record> record) {
        return new Content(Reply.JSON, schema(record));
    }

    /** A list of objects of a plugin's. */
    static Content rows() {
        return new Content(Reply.JSON, list(Map.of(TYPE, OBJECT)));
    }

    /** A list of records. */
    static Content rows(Class<? extends Record> record) {
        return new Content(Reply.JSON, list(schema(record)));
    }

    /** Records, each in a line. */
    static Content lines(Class<? extends Record> record) {
        return new Content(Tails.LINES, schema(record));
    }

    private static Map<String, Object> list(Map<String, Object> items) {
        return Map.of(TYPE, "array", "items", items);
    }

    private static Map<String, Object> schema(Type type) {
        if (type instanceof ParameterizedType generic) {
            Class<?> raw = (Class<?>) generic.getRawType();
            Type last = generic.getActualTypeArguments()[generic.getActualTypeArguments().length - 1];
            if (raw == Optional.class) {
                return nullable(schema(last));
            } else if (Iterable.class.isAssignableFrom(raw)) {
                return list(schema(last));
            } else if (Map.class.isAssignableFrom(raw)) {
                return Map.of(TYPE, OBJECT, "additionalProperties", schema(last));
            }
        }
        return type instanceof Class<?> plain ? ofClass(plain) : Map.of(TYPE, "string");
    }

    private static Map<String, Object> ofClass(Class<?> type) {
        if (type.isRecord()) {
            Map<String, Object> properties = new LinkedHashMap<>();
            for (RecordComponent component : type.getRecordComponents()) {
                AnnotatedType annotated = component.getAnnotatedType();
                Map<String, Object> schema = schema(component.getGenericType());
                properties.put(
                        Json.kebab(component.getName()),
                        annotated.isAnnotationPresent(Nullable.class) ? nullable(schema) : schema);
            }
            return Map.of(TYPE, OBJECT, "properties", properties);
        } else if (type == boolean.class || type == Boolean.class) {
            return Map.of(TYPE, "boolean");
        } else if (type == double.class || type == Double.class) {
            return Map.of(TYPE, "number");
        } else if (type == int.class || type == long.class || Number.class.isAssignableFrom(type)) {
            return Map.of(TYPE, "integer");
        } else if (type.isEnum()) {
            return Map.of(
                    TYPE,
                    "string",
                    "enum",
                    Arrays.stream(type.getEnumConstants()).map(Json::word).toList());
        }
        return Map.of(TYPE, "string");
    }

    private static Map<String, Object> nullable(Map<String, Object> schema) {
        Map<String, Object> nullable = new LinkedHashMap<>(schema);
        nullable.put("nullable", true);
        return nullable;
    }

    /** As a response of an operation has it. */
    Map<String, Object> described() {
        return Map.of(type, Map.of("schema", schema));
    }
}
