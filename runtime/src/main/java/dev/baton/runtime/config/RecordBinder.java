package dev.baton.runtime.config;

import dev.baton.runtime.config.ConfigNode.Entry;
import dev.baton.runtime.config.ConfigNode.Items;
import dev.baton.runtime.config.ConfigNode.Section;
import dev.baton.runtime.config.ConfigNode.Value;
import dev.baton.spi.config.ByteSize;
import dev.baton.spi.config.Choice;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.NotEmpty;
import dev.baton.spi.config.Range;
import dev.baton.spi.config.ServiceName;
import dev.baton.spi.config.UpstreamName;
import dev.baton.spi.config.WrongValueException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Binds sections of a file to records, the runtime's own and those of plugins alike. Never stops at an error: whatever
 * is wrong goes to the problems, and what could not be bound is null.
 */
final class RecordBinder {
    /** The key that says which of several things is meant. */
    static final String TYPE = "type";

    private static final Pattern ITEM = Pattern.compile("(.+)\\[(\\d{1,6})]");

    private final Problems problems;
    private final Path folder;
    /** What constructors refuse counts only if it is a value that the record itself gives. */
    private boolean onlyDefaults;

    private final List<Mention> mentions = new ArrayList<>();
    private final Function<Reference, Collection<String>> names;
    private final Function<Reference, Map<String, Class<? extends Record>>> variants;

    /**
     * A name that stands in the file, of something that exists.
     *
     * @param path the key, for messages
     */
    record Mention(Reference reference, String name, Position position, String path) {}

    /** As the other one, for what has no paths, or is in no file. */
    RecordBinder(
            Problems problems,
            Function<Reference, Collection<String>> names,
            Function<Reference, Map<String, Class<? extends Record>>> variants) {
        this(problems, Path.of(""), names, variants);
    }

    /**
     * Makes one.
     *
     * @param folder what paths are relative to
     * @param names the names that exist, of each kind
     * @param variants those whose things have keys of their own, with the record of each
     */
    RecordBinder(
            Problems problems,
            Path folder,
            Function<Reference, Collection<String>> names,
            Function<Reference, Map<String, Class<? extends Record>>> variants) {
        this.problems = problems;
        this.folder = folder;
        this.names = names;
        this.variants = variants;
    }

    /**
     * Binds one section.
     *
     * @param path what the section is called in messages, for example {@code listeners.web}; empty for the top level
     * @param at where the section is mentioned: the place for what it lacks
     * @param others keys that the section may have besides those of the record; the caller looks after them
     */
    <R extends Record> @Nullable R bind(Class<R> type, Section section, String path, Position at, Set<String> others) {
        List<String> known = RecordShape.keys(type);
        Set<String> meant = reportUnknown(section, path, known, others);
        RecordComponent[] components = type.getRecordComponents();
        @Nullable Object[] values = new @Nullable Object[components.length];
        boolean complete = true;
        for (int i = 0; i < components.length; i++) {
            String key = known.get(i);
            Entry entry = section.entries().get(key);
            if (entry != null) {
                values[i] = value(
                        components[i].getGenericType(),
                        components[i],
                        entry.value(),
                        join(path, key),
                        entry.position());
            } else if (RecordShape.optional(components[i])) {
                values[i] = absent(components[i], path, at);
            } else if (!meant.contains(key)) {
                // A misspelt key was reported already: to miss the right one as well would be the same error twice.
                problems.add(at, (path.isEmpty() ? "the file" : path) + " needs the key '" + key + "'");
            }
            complete &= values[i] != null;
        }
        return complete ? construct(type, components, values, section, path, at) : null;
    }

    /** Reports unknown keys and returns those that they were probably meant to be. */
    private Set<String> reportUnknown(Section section, String path, List<String> known, Set<String> others) {
        Set<String> possible = new TreeSet<>(known);
        possible.addAll(others);
        Set<String> free = new TreeSet<>(possible);
        free.removeAll(section.entries().keySet());
        Set<String> meant = new HashSet<>();
        section.entries().forEach((key, entry) -> {
            if (!possible.contains(key)) {
                Optional<String> near = Words.nearest(key, free);
                near.ifPresent(meant::add);
                problems.add(
                        entry.position(),
                        "unknown key '" + key + "' " + (path.isEmpty() ? "at the top level" : "in " + path)
                                + near.map(word -> "; did you mean '" + word + "'?")
                                        .orElseGet(() -> Words.choice(possible, "it has no keys")));
            }
        });
        return meant;
    }

    private @Nullable Object absent(RecordComponent component, String path, Position at) {
        Class<?> type = component.getType();
        if (type == Optional.class) {
            return Optional.empty();
        }
        if (type == List.class) {
            return List.of();
        }
        if (type == Map.class) {
            return Map.of();
        }
        Default absent = component.getAnnotation(Default.class);
        if (absent != null) {
            // Through the same checks as what stands in the file: a default can name something that no plugin brings.
            return value(
                    type, component, new Value(at, absent.value(), true), join(path, RecordShape.key(component)), at);
        }
        return bind(
                type.asSubclass(Record.class),
                new Section(at, Map.of()),
                join(path, RecordShape.key(component)),
                at,
                Set.of());
    }

    private @Nullable Object value(
            Type type, RecordComponent component, ConfigNode node, String path, Position keyPosition) {
        Class<?> raw = RecordShape.rawClass(type);
        if (raw == Optional.class) {
            Object value = value(argument(type, 0), component, node, path, keyPosition);
            return value == null ? null : Optional.of(value);
        }
        if (raw == Variant.class) {
            return variant(component, node, path, keyPosition);
        }
        if (raw == Choice.class) {
            return choice(type, node, path, keyPosition);
        }
        if (raw == LoopSet.class && node instanceof Items) {
            return loops(component, node, path);
        }
        if (raw == List.class) {
            List<Object> items = list(argument(type, 0), component, node, path);
            return items != null && items.isEmpty() && isNothing(component, node, path) ? null : items;
        }
        if (raw == Map.class) {
            Map<String, Object> items = map(argument(type, 1), component, node, path);
            return items != null && items.isEmpty() && isNothing(component, node, path) ? null : items;
        }
        if (RecordShape.isSection(raw)) {
            return section(raw.asSubclass(Record.class), node, path, keyPosition);
        }
        if (raw == String.class && node instanceof Value empty && empty.text().isEmpty() && mayBeEmpty(component)) {
            return "";
        }
        if (node instanceof Value value && !value.isNothing()) {
            return scalar(raw, component, value, path);
        }
        return expected("a value", node, path);
    }

    /** True, and reported, if something empty must not be so. */
    private boolean isNothing(RecordComponent component, ConfigNode node, String path) {
        if (!component.isAnnotationPresent(NotEmpty.class)) {
            return false;
        }
        problems.add(
                node.position(),
                path + ": expected at least one, not an empty " + (node instanceof Items ? "list" : "section"));
        return true;
    }

    private @Nullable Variant variant(RecordComponent component, ConfigNode node, String path, Position keyPosition) {
        Reference reference = reference(component);
        if (reference == null) {
            throw new IllegalStateException(path + " names one of several things, and says not which");
        }
        RefersTo refersTo = component.getAnnotation(RefersTo.class);
        return refersTo != null && !refersTo.name().isEmpty()
                ? keysOf(reference, refersTo.name(), node, path, keyPosition)
                : variant(reference, node, path, keyPosition);
    }

    /** Binds the keys of one of several things, whose name is that of the key before them. */
    private @Nullable Variant keysOf(
            Reference reference, String name, ConfigNode node, String path, Position keyPosition) {
        Class<? extends Record> record = variants.apply(reference).get(name);
        if (record == null) {
            problems.add(keyPosition, path + ": no plugin brings the " + reference.noun() + " '" + name + "'");
            return null;
        }
        Record bound = section(record, node, path, keyPosition);
        return bound == null ? null : new Variant(name, bound);
    }

    /** As {@link #variant}, and the keys that all of the kind have. */
    private @Nullable Choice<?> choice(Type type, ConfigNode node, String path, Position keyPosition) {
        Choosing choosing = Choosing.of(type)
                .orElseThrow(() -> new IllegalStateException(path + " chooses from what is no extension point"));
        Set<String> shared = RecordShape.withKeys(choosing.options(), TYPE);
        Variant variant = variant(choosing.reference(), node, path, keyPosition, shared);
        Section section = node instanceof Section keys ? keys : new Section(keyPosition, Map.of());
        Record options = bind(
                choosing.options(),
                section,
                path,
                keyPosition,
                section.entries().keySet()); // whose keys the others are, the variant has checked
        return variant == null || options == null
                ? null
                : new Choice<>(choosing.kind(), variant.type(), variant.settings(), options);
    }

    /** Binds one of several things: its word, or a section whose {@code type} is the word. */
    @Nullable
    Variant variant(Reference reference, ConfigNode node, String path, Position keyPosition) {
        return variant(reference, node, path, keyPosition, Set.of(TYPE));
    }

    /**
     * As the other one.
     *
     * @param others keys that the section may have beside those of the thing; the caller looks after them
     */
    @Nullable
    Variant variant(Reference reference, ConfigNode node, String path, Position keyPosition, Set<String> others) {
        ConfigNode type = node;
        Section settings = new Section(keyPosition, Map.of());
        String typePath = path;
        if (node instanceof Section section) {
            Entry entry = section.entries().get(TYPE);
            if (entry == null) {
                problems.add(
                        keyPosition,
                        path + " needs the key '" + TYPE + "'"
                                + Words.choice(names.apply(reference), "no plugin brings one"));
                return null;
            }
            type = entry.value();
            settings = section;
            typePath = join(path, TYPE);
        }
        if (!(type instanceof Value word) || word.isNothing()) {
            problems.add(type.position(), typePath + ": expected a value, not " + type.noun());
            return null;
        }
        if (!exists(reference, word, typePath)) {
            return null;
        }
        Class<? extends Record> record = variants.apply(reference).get(word.text());
        if (record == null) {
            return Variant.of(word.text()); // only where every name is taken for one that exists
        }
        Record bound = bind(record, settings, path, keyPosition, others);
        return bound == null ? null : new Variant(word.text(), bound);
    }

    /** Only a text whose default is empty may be so. */
    private static boolean mayBeEmpty(RecordComponent component) {
        Default absent = component.getAnnotation(Default.class);
        return absent != null && absent.value().isEmpty();
    }

    /** Binds what has to be a section, and reports what is none. */
    <R extends Record> @Nullable R section(Class<R> type, ConfigNode node, String path, Position at) {
        if (node instanceof Section section) {
            return bind(type, section, path, at, Set.of());
        }
        ShortForm brief = type.getAnnotation(ShortForm.class);
        if (brief != null && node instanceof Value value && !value.isNothing()) {
            Section section = new Section(at, Map.of(brief.value(), new Entry(at, value)));
            return bind(type, section, path, at, Set.of());
        }
        expected(brief == null ? "keys with values" : "a value or keys with values", node, path);
        return null;
    }

    private @Nullable Object scalar(Class<?> type, RecordComponent component, Value node, String path) {
        Scalars.Result result = Scalars.parse(type, node.text(), node.plain());
        Object value = result.value();
        if (value == null) {
            problems.add(node.position(), path + ": " + result.problem());
            return null;
        }
        Range range = component.getAnnotation(Range.class);
        if (range != null && !within(type, range, value)) {
            problems.add(
                    node.position(), path + ": " + node.text() + " is outside " + range.min() + " to " + range.max());
            return null;
        }
        if (value instanceof Path relative) {
            value = folder.resolve(relative);
        }
        // The value is used all the same: the record may have more to say.
        ValueChecks.problem(component, value).ifPresent(why -> problems.add(node.position(), path + ": " + why));
        Reference reference = reference(component);
        return reference == null || exists(reference, node, path) ? value : null;
    }

    /** What the words of a component name; null if nothing. */
    static @Nullable Reference reference(RecordComponent component) {
        RefersTo refersTo = component.getAnnotation(RefersTo.class);
        if (refersTo != null) {
            return refersTo.value();
        }
        if (component.isAnnotationPresent(ServiceName.class)) {
            return Reference.SERVICE;
        }
        return component.isAnnotationPresent(UpstreamName.class) ? Reference.UPSTREAM : null;
    }

    /** Checks that a name exists, and reports it if it does not. */
    boolean exists(Reference reference, Value node, String path) {
        Collection<String> existing = names.apply(reference);
        if (existing.contains(node.text())) {
            mentions.add(new Mention(reference, node.text(), node.position(), path));
            return true;
        }
        problems.add(
                node.position(),
                path + ": there is no " + reference.noun() + " '" + node.text() + "'"
                        + Words.suggestion(node.text(), existing, "there is none at all"));
        return false;
    }

    /**
     * Which defaults a record's own constructor refuses, as a {@link WrongValueException} says. What it says of several
     * keys together is for the user to mend: that one of them is needed, for example. All names that it refers to are
     * taken to exist.
     */
    static List<String> refusedDefaults(Class<? extends Record> type) {
        Problems problems = new Problems("");
        bindNothing(type, problems);
        return problems.sorted().stream().map(Problem::message).toList();
    }

    /** The record that a section without keys is bound to; empty if there is none. */
    static Optional<Record> defaults(Class<? extends Record> type) {
        Problems problems = new Problems("");
        Record bound = bindNothing(type, problems);
        return problems.isEmpty() ? Optional.ofNullable(bound) : Optional.empty();
    }

    private static @Nullable Record bindNothing(Class<? extends Record> type, Problems problems) {
        Collection<String> everything = new AbstractList<>() {
            @Override
            public boolean contains(@Nullable Object name) {
                return true;
            }

            @Override
            public String get(int index) {
                throw new IndexOutOfBoundsException(index);
            }

            @Override
            public int size() {
                return 0;
            }
        };
        RecordBinder binder = new RecordBinder(problems, reference -> everything, reference -> Map.of());
        binder.onlyDefaults = true;
        return binder.bind(type, new Section(Position.START, Map.of()), "", Position.START, Set.of());
    }

    /** The names that it has found in the file so far, in order. */
    List<Mention> mentions() {
        return mentions;
    }

    /** True if a text is a value and not in a range. False for what is wrong in another way. */
    static boolean isOutside(Class<?> type, Range range, String text) {
        Object value = Scalars.parse(type, text, true).value();
        return value != null
                && Scalars.parse(type, range.min(), true).value() != null
                && Scalars.parse(type, range.max(), true).value() != null
                && !within(type, range, value);
    }

    private static boolean within(Class<?> type, Range range, Object value) {
        return compare(value, bound(type, range.min())) >= 0 && compare(value, bound(type, range.max())) <= 0;
    }

    private static Object bound(Class<?> type, String text) {
        Scalars.Result result = Scalars.parse(type, text, true);
        if (result.value() == null) {
            throw new IllegalStateException("a bound of @Range: " + result.problem());
        }
        return result.value();
    }

    @SuppressWarnings("unchecked") // both come from Scalars.parse of one type
    private static int compare(Object left, Object right) {
        if (left instanceof ByteSize size && right instanceof ByteSize other) {
            return Long.compare(size.bytes(), other.bytes());
        }
        return ((Comparable<Object>) left).compareTo(right);
    }

    private @Nullable List<Object> list(Type type, RecordComponent component, ConfigNode node, String path) {
        if (!(node instanceof Items items)) {
            expected("a list such as [a, b]", node, path);
            return null;
        }
        List<Object> values = new ArrayList<>();
        for (int i = 0; i < items.items().size(); i++) {
            ConfigNode item = items.items().get(i);
            Object value = value(type, component, item, path + "[" + i + "]", item.position());
            if (value != null) {
                values.add(value);
            }
        }
        return values.size() == items.items().size() ? Collections.unmodifiableList(values) : null;
    }

    private @Nullable LoopSet loops(RecordComponent component, ConfigNode node, String path) {
        List<Object> values = list(Integer.class, component, node, path);
        if (values == null) {
            return null;
        }
        List<Integer> ids = values.stream().map(Integer.class::cast).toList();
        if (ids.isEmpty()) {
            problems.add(node.position(), path + ": expected at least one loop, or all");
            return null;
        }
        for (int i = 0; i < ids.size(); i++) {
            if (ids.get(i) < 0 || ids.indexOf(ids.get(i)) < i) {
                problems.add(
                        node.position(),
                        path + "[" + i + "]: " + ids.get(i) + (ids.get(i) < 0 ? " is no loop" : " stands there twice"));
                return null;
            }
        }
        return new LoopSet(ids);
    }

    private @Nullable Map<String, Object> map(Type type, RecordComponent component, ConfigNode node, String path) {
        if (!(node instanceof Section section)) {
            expected("keys with values", node, path);
            return null;
        }
        Map<String, Object> values = new LinkedHashMap<>();
        section.entries().forEach((key, entry) -> {
            Object value = value(type, component, entry.value(), join(path, key), entry.position());
            if (value != null) {
                values.put(key, value);
            }
        });
        return values.size() == section.entries().size() ? Collections.unmodifiableMap(values) : null;
    }

    private @Nullable Object expected(String what, ConfigNode node, String path) {
        problems.add(node.position(), path + ": expected " + what + ", not " + node.noun());
        return null;
    }

    private <R extends Record> @Nullable R construct(
            Class<R> type,
            RecordComponent[] components,
            @Nullable Object[] values,
            Section section,
            String path,
            Position at) {
        try {
            Constructor<R> constructor = type.getDeclaredConstructor(
                    Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new));
            constructor.setAccessible(true);
            return constructor.newInstance(values);
        } catch (InvocationTargetException e) {
            // What a record itself refuses is an error of the file, in the record's own words.
            Throwable cause = e.getCause() == null ? e : e.getCause();
            if (onlyDefaults && !isOfADefault(cause, components)) {
                return null;
            }
            refuse(cause, section, path, at);
            for (Throwable more : cause.getSuppressed()) {
                if (more instanceof WrongValueException) {
                    refuse(more, section, path, at);
                }
            }
            return null;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot make a " + type.getName(), e);
        }
    }

    private void refuse(Throwable cause, Section section, String path, Position at) {
        String words = cause instanceof IllegalArgumentException && cause.getMessage() != null
                ? cause.getMessage()
                : cause.toString();
        String key = cause instanceof WrongValueException wrong ? Words.kebab(wrong.component()) : "";
        ConfigNode refused = refused(section, key);
        String where = refused == null ? path : join(path, key);
        problems.add(refused == null ? at : refused.position(), where.isEmpty() ? words : where + ": " + words);
    }

    /** The value of a key, or, of {@code key[2]}, an item of its list; null if it is not in the file. */
    private static @Nullable ConfigNode refused(Section section, String key) {
        Matcher item = ITEM.matcher(key);
        Entry entry = section.entries().get(item.matches() ? item.group(1) : key);
        if (entry == null) {
            return null;
        }
        if (item.matches() && entry.value() instanceof Items list) {
            int index = Integer.parseInt(item.group(2));
            return index < list.items().size() ? list.items().get(index) : list;
        }
        return entry.value();
    }

    private static boolean isOfADefault(Throwable cause, RecordComponent[] components) {
        return cause instanceof WrongValueException wrong
                && Arrays.stream(components)
                        .anyMatch(each ->
                                each.getName().equals(wrong.component()) && each.isAnnotationPresent(Default.class));
    }

    private static Type argument(Type type, int index) {
        return ((ParameterizedType) type).getActualTypeArguments()[index];
    }

    /** The path of a key in a section. */
    static String join(String path, String key) {
        return path.isEmpty() ? key : path + "." + key;
    }
}
