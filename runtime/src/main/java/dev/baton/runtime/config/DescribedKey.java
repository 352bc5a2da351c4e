package dev.baton.runtime.config;

import dev.baton.spi.config.Choice;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * A key that a record is bound from, for a person.
 *
 * @param name its name; of a key in a section, with the section's in front: {@code pool.idle-max},
 *     {@code servers[].weight} for each of a list, {@code listeners.NAME.bind} for each of those that have names
 * @param type what is written there, in a few words
 * @param absent what holds if it is missing
 * @param range the least and the greatest value, if there are any
 * @param choices the words that are possible, if only some are
 */
public record DescribedKey(String name, String type, Absent absent, Optional<String> range, List<String> choices) {

    /**
     * What holds for a key that is missing.
     *
     * @param text a value as it would be written, or words about it
     * @param isValue whether it is a value
     */
    public record Absent(String text, boolean isValue) {}

    private static final Absent REQUIRED = new Absent("required", false);
    private static final Absent NONE = new Absent("none", false);
    private static final Absent DEFAULTS = new Absent("its defaults", false);

    /**
     * Every key of a record, in its order, each section before the keys in it.
     *
     * @param vocabulary what words can name
     */
    public static List<DescribedKey> of(Class<? extends Record> type, Vocabulary vocabulary) {
        return of(type, "", vocabulary);
    }

    /**
     * The same of a record whose keys stand in a section.
     *
     * @param path what is in front of their names
     */
    static List<DescribedKey> of(Class<? extends Record> type, String path, Vocabulary vocabulary) {
        List<DescribedKey> keys = new ArrayList<>();
        add(path, type, Set.of(), vocabulary, keys);
        return keys;
    }

    /** The same key, which must not be missing. */
    DescribedKey required() {
        return new DescribedKey(name, type, REQUIRED, range, choices);
    }

    /** A key in whose section are others, each under a name of the user's. */
    static DescribedKey namedSections(String name) {
        return new DescribedKey(name, "sections by name", NONE, Optional.empty(), List.of());
    }

    /** A section may have sections of its own kind in it: those are not entered again. */
    private static void add(
            String path,
            Class<? extends Record> type,
            Set<Class<?>> around,
            Vocabulary vocabulary,
            List<DescribedKey> keys) {
        Set<Class<?>> inside = new HashSet<>(around);
        inside.add(type);
        for (RecordComponent component : type.getRecordComponents()) {
            Class<?> value = RecordShape.valueClass(component.getGenericType());
            String name = path + RecordShape.key(component);
            keys.add(new DescribedKey(
                    name,
                    noun(component, component.getGenericType(), false),
                    absent(component),
                    Optional.ofNullable(component.getAnnotation(Range.class))
                            .map(range -> range.min() + " to " + range.max()),
                    choices(component, value, vocabulary)));
            if (RecordShape.isSection(value) && !inside.contains(value)) {
                String each =
                        component.getType() == List.class ? "[]" : component.getType() == Map.class ? ".NAME" : "";
                add(name + each + ".", value.asSubclass(Record.class), inside, vocabulary, keys);
            }
        }
    }

    private static Absent absent(RecordComponent component) {
        Default absent = component.getAnnotation(Default.class);
        if (absent != null) {
            return absent.value().isEmpty() ? NONE : new Absent(absent.value(), true);
        }
        if (!RecordShape.optional(component)) {
            return REQUIRED;
        }
        return RecordShape.isSection(component.getType()) ? DEFAULTS : NONE;
    }

    private static List<String> choices(RecordComponent component, Class<?> value, Vocabulary vocabulary) {
        if (value.isEnum()) {
            return Arrays.stream(value.getEnumConstants()).map(Scalars::word).toList();
        }
        Reference reference = value == Choice.class
                ? choosing(component).map(Choosing::reference).orElse(null)
                : RecordBinder.reference(component);
        if (reference == null || !ownName(component).isEmpty()) {
            return List.of();
        }
        Collection<String> names = reference == Reference.POLLER
                ? vocabulary.pollers()
                : ConfigReader.variants(reference, vocabulary).keySet();
        return List.copyOf(new TreeSet<>(names));
    }

    /** What the value of a type is, or several of them are. */
    private static String noun(RecordComponent component, Type type, boolean many) {
        Class<?> raw = RecordShape.rawClass(type);
        if (type instanceof ParameterizedType generic && raw != Choice.class) {
            Type[] of = generic.getActualTypeArguments();
            String items = noun(component, of[of.length - 1], raw == Optional.class ? many : true);
            return raw == Optional.class
                    ? items
                    : raw == List.class ? (many ? "lists of " : "list of ") + items : items + " by name";
        }
        if (RecordShape.isSection(raw)) {
            ShortForm brief = raw.getAnnotation(ShortForm.class);
            String section = many ? "sections" : "section";
            return brief == null ? section : section + (many ? ", or their '" : ", or its '") + brief.value() + "'";
        }
        Reference reference = raw == Choice.class
                ? choosing(component).map(Choosing::reference).orElse(null)
                : RecordBinder.reference(component);
        if (reference != null) {
            return noun(reference, ownName(component), many);
        }
        return scalar(raw, many);
    }

    private static String noun(Reference reference, String own, boolean many) {
        if (!own.isEmpty()) {
            return "keys of the " + reference.noun() + " '" + own + "'";
        }
        return switch (reference) {
            case SERVICE, UPSTREAM ->
                (many ? "names of " : "name of " + (reference == Reference.SERVICE ? "a " : "an "))
                        + (many ? plural(reference.noun()) : reference.noun());
            default -> many ? plural(reference.noun()) : reference.noun();
        };
    }

    private static String scalar(Class<?> type, boolean many) {
        if (type.isEnum()) {
            return many ? "words" : "word";
        }
        String noun = type == Path.class ? "path" : Scalars.noun(type);
        // "true or false" and "permissions" are for many as well.
        return many && noun.indexOf(' ') < 0 && !noun.endsWith("s") ? plural(noun) : noun;
    }

    private static String plural(String noun) {
        return noun.endsWith("y") ? noun.substring(0, noun.length() - 1) + "ies" : noun + "s";
    }

    private static Optional<Choosing> choosing(RecordComponent component) {
        return Choosing.of(RecordShape.innermost(component.getGenericType()));
    }

    /** The one thing whose keys are written at a component; empty if its word is. */
    private static String ownName(RecordComponent component) {
        RefersTo refersTo = component.getAnnotation(RefersTo.class);
        return refersTo == null ? "" : refersTo.name();
    }
}
