package dev.baton.runtime.config;

import dev.baton.spi.admin.OfferedAction;
import dev.baton.spi.config.Choice;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.NotEmpty;
import dev.baton.spi.config.Range;
import dev.baton.spi.config.ServiceName;
import dev.baton.spi.config.UpstreamName;
import java.lang.annotation.Annotation;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What a record says about the keys it is bound from; and whether it says it properly, which is checked when a plugin
 * contributes it and not when somebody writes the first file.
 */
public final class RecordShape {
    private RecordShape() {}

    /** What cannot be bound about this record, one sentence each; empty if it is fine. */
    public static List<String> problems(Class<? extends Record> type, Set<String> reservedKeys) {
        List<String> problems = Arrays.stream(type.getRecordComponents())
                .flatMap(component -> Stream.concat(
                        reservedKeys.contains(key(component))
                                ? Stream.of(name(component) + " takes the key '" + key(component)
                                        + "', which has a meaning already")
                                : Stream.empty(),
                        problems(component).stream()))
                .toList();
        if (!problems.isEmpty() || !allOptional(type)) {
            return problems;
        }
        return RecordBinder.refusedDefaults(type).stream()
                .map(words -> type.getSimpleName() + " cannot be made of its own defaults: " + words)
                .toList();
    }

    /** What of a record is no single value, one sentence each; empty if all is. */
    public static List<String> notScalar(Class<? extends Record> type) {
        return Arrays.stream(type.getRecordComponents())
                .filter(component -> {
                    Class<?> raw = component.getType();
                    if (raw == Optional.class) {
                        raw = valueClass(component.getGenericType());
                    }
                    return raw == List.class || raw == Map.class || raw == Choice.class || isSection(raw);
                })
                .map(component -> name(component) + " has the type "
                        + component.getGenericType().getTypeName() + ", and must be a single value")
                .toList();
    }

    /** What a record of single values takes, for a person. */
    public static List<OfferedAction.Parameter> parameters(Class<? extends Record> type) {
        return Arrays.stream(type.getRecordComponents())
                .map(component -> {
                    Default absent = component.getAnnotation(Default.class);
                    return new OfferedAction.Parameter(
                            key(component),
                            Scalars.noun(valueClass(component.getGenericType())),
                            !optional(component),
                            absent == null ? Optional.empty() : Optional.of(absent.value()));
                })
                .toList();
    }

    private static List<String> problems(RecordComponent component) {
        Class<?> value = valueClass(component.getGenericType());
        for (Class<? extends Annotation> naming : List.of(UpstreamName.class, ServiceName.class)) {
            if (component.isAnnotationPresent(naming) && value != String.class) {
                return List.of(name(component) + " has the type "
                        + component.getGenericType().getTypeName() + ", and @" + naming.getSimpleName()
                        + " is for texts");
            }
        }
        if (component.isAnnotationPresent(NotEmpty.class)
                && component.getType() != List.class
                && component.getType() != Map.class) {
            return List.of(name(component) + " has the type "
                    + component.getGenericType().getTypeName() + ", and @NotEmpty is for lists and maps");
        }
        Optional<String> misuse = ValueChecks.misuse(component, value);
        if (misuse.isPresent()) {
            return List.of(name(component) + ": " + misuse.get());
        }
        if (value == Choice.class) {
            return Choosing.of(innermost(component.getGenericType())).isPresent()
                    ? List.of()
                    : List.of(name(component) + " has the type "
                            + component.getGenericType().getTypeName() + ", and there is no such extension point");
        }
        if (isSection(value)) {
            return problems(value.asSubclass(Record.class), Set.of());
        }
        if (!Scalars.knows(value)) {
            return List.of(name(component) + " has the type "
                    + component.getGenericType().getTypeName() + ", which is none that a configuration can have");
        }
        Default absent = component.getAnnotation(Default.class);
        Range range = component.getAnnotation(Range.class);
        if (absent != null && range != null && RecordBinder.isOutside(value, range, absent.value())) {
            return List.of(name(component) + " has the default " + absent.value() + ", which is outside " + range.min()
                    + " to " + range.max());
        }
        boolean mayBeEmpty = value == String.class;
        return Stream.concat(
                        absent == null || (mayBeEmpty && absent.value().isEmpty())
                                ? Stream.empty()
                                : Stream.of(absent.value()),
                        range == null ? Stream.empty() : Stream.of(range.min(), range.max()))
                .filter(text -> Scalars.parse(value, text, true).problem() != null)
                .map(text ->
                        name(component) + " is annotated with '" + text + "', which is no " + value.getSimpleName())
                .toList();
    }

    private static String name(RecordComponent component) {
        return component.getDeclaringRecord().getSimpleName() + "." + component.getName();
    }

    /** The key that belongs to a component. */
    static String key(RecordComponent component) {
        return Words.kebab(component.getName());
    }

    /** True if a component may be absent from the file. */
    static boolean optional(RecordComponent component) {
        Class<?> type = component.getType();
        if (component.isAnnotationPresent(NotEmpty.class)) {
            return false;
        }
        return component.isAnnotationPresent(Default.class)
                || type == Optional.class
                || type == List.class
                || type == Map.class
                || (isSection(type) && allOptional(type.asSubclass(Record.class)));
    }

    /** True for a record that stands in the file as keys with values; a {@code ByteSize} is one that does not. */
    static boolean isSection(Class<?> type) {
        return type.isRecord() && type != Variant.class && type != Choice.class && !Scalars.knows(type);
    }

    /** True if a record can be made of nothing. */
    public static boolean allOptional(Class<? extends Record> type) {
        return Arrays.stream(type.getRecordComponents()).allMatch(RecordShape::optional);
    }

    /** The record that a section without keys is bound to; empty if it needs keys. */
    public static Optional<Record> defaults(Class<? extends Record> type) {
        return allOptional(type) ? RecordBinder.defaults(type) : Optional.empty();
    }

    /** The keys of a record, in its order. */
    static List<String> keys(Class<? extends Record> type) {
        return Arrays.stream(type.getRecordComponents()).map(RecordShape::key).toList();
    }

    /** What remains of a type without Optional, List and Map around it. */
    static Class<?> valueClass(Type type) {
        return rawClass(innermost(type));
    }

    static Type innermost(Type type) {
        if (type instanceof ParameterizedType generic) {
            Class<?> raw = rawClass(type);
            if (raw == Optional.class || raw == List.class) {
                return innermost(generic.getActualTypeArguments()[0]);
            }
            if (raw == Map.class && generic.getActualTypeArguments()[0] == String.class) {
                return innermost(generic.getActualTypeArguments()[1]);
            }
        }
        return type;
    }

    /** The keys of a record, and another one. */
    public static Set<String> withKeys(Class<? extends Record> type, String other) {
        Set<String> keys = new HashSet<>(keys(type));
        keys.add(other);
        return Set.copyOf(keys);
    }

    /** The class of a type, without its parameters; {@code void} for what is none. */
    static Class<?> rawClass(Type type) {
        if (type instanceof Class<?> plain) {
            return plain;
        }
        return type instanceof ParameterizedType generic ? rawClass(generic.getRawType()) : void.class;
    }
}
