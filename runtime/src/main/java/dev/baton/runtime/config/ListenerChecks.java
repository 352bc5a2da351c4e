package dev.baton.runtime.config;

import dev.baton.runtime.config.ConfigNode.Entry;
import dev.baton.runtime.config.ConfigNode.Items;
import dev.baton.runtime.config.ConfigNode.Section;
import dev.baton.runtime.config.ConfigNode.Value;
import dev.baton.spi.listener.InvalidBindException;
import dev.baton.spi.listener.ListenerEndpoint;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What can be wrong with one listener beyond its record: its kind and the loops say. For files and for the admin API.
 */
final class ListenerChecks {
    private final Problems problems;
    private final Vocabulary vocabulary;
    private final List<Integer> loops;

    /**
     * Makes one.
     *
     * @param loops the ids of the loops that there are
     */
    ListenerChecks(Problems problems, Vocabulary vocabulary, List<Integer> loops) {
        this.problems = problems;
        this.vocabulary = vocabulary;
        this.loops = loops;
    }

    /** Checks a listener; true if its bind is right. */
    boolean check(Section section, Value bind, String path) {
        Entry named = section.entries().get("kind");
        Optional<Variant> kind = named == null ? Optional.empty() : kind(named, path);
        if (named != null && kind.isEmpty()) {
            return false; // was reported already
        }
        ListenerEndpoint endpoint;
        try {
            endpoint = vocabulary.endpoint(bind.text(), kind);
        } catch (InvalidBindException wrong) {
            problems.add(bind.position(), path + ".bind: " + wrong.problem());
            return false;
        } catch (IllegalArgumentException wrong) {
            problems.add(named == null ? bind.position() : named.position(), path + ".kind: " + wrong.getMessage());
            return false;
        }
        rest(section, bind, endpoint, path);
        return true;
    }

    private Optional<Variant> kind(Entry named, String path) {
        RecordBinder binder = new RecordBinder(
                new Problems(path),
                reference -> vocabulary.listenerKinds().keySet(),
                reference -> ConfigReader.variants(reference, vocabulary));
        return Optional.ofNullable(
                binder.variant(Reference.LISTENER_KIND, named.value(), path + ".kind", named.position()));
    }

    private void rest(Section section, Value bind, ListenerEndpoint endpoint, String path) {
        loops(section, path);
        // By itself, so that what is wrong elsewhere does not hide what is wrong here; that was reported already. What
        // stands in the way of the connections, and not of the socket, reads files that are not to be read twice.
        Map<String, Entry> socket = new LinkedHashMap<>(section.entries());
        socket.keySet().removeAll(List.of("filters", "tls"));
        Problems ignored = new Problems(path);
        ListenerConfig config = new RecordBinder(
                        ignored, reference -> ALL_NAMES, reference -> ConfigReader.variants(reference, vocabulary))
                .bind(
                        ListenerConfig.class,
                        new Section(section.position(), socket),
                        path,
                        Position.START,
                        Set.of("name"));
        if (config != null) {
            endpoint.check(config.socketSettings())
                    .ifPresent(why -> problems.add(culprit(section, bind), path + ": " + why));
        }
    }

    private static final java.util.Collection<String> ALL_NAMES = new java.util.AbstractSet<>() {
        @Override
        public boolean contains(@Nullable Object name) {
            return true;
        }

        @Override
        public java.util.Iterator<String> iterator() {
            return java.util.Collections.emptyIterator();
        }

        @Override
        public int size() {
            return 0;
        }
    };

    /** The first key that says something of the socket. */
    private static Position culprit(Section section, Value bind) {
        for (String key : List.of("mode", "user", "group", "sockets")) {
            Entry entry = section.entries().get(key);
            if (entry != null) {
                return entry.position();
            }
        }
        return bind.position();
    }

    private void loops(Section section, String path) {
        Entry entry = section.entries().get("loops");
        if (entry == null || !(entry.value() instanceof Items items)) {
            return;
        }
        for (int i = 0; i < items.items().size(); i++) {
            ConfigNode item = items.items().get(i);
            if (item instanceof Value value && value.text().matches("\\d{1,9}")) {
                int id = Integer.parseInt(value.text());
                if (!loops.contains(id)) {
                    problems.add(item.position(), path + ".loops[" + i + "]: there is no loop " + id + "; " + there());
                }
            }
        }
    }

    private String there() {
        int last = loops.size() - 1;
        if (last == 0) {
            return "there is only " + loops.get(0);
        }
        return loops.get(last) - loops.get(0) == last
                ? "there are " + loops.get(0) + " to " + loops.get(last)
                : "there are " + loops.stream().map(String::valueOf).collect(Collectors.joining(", "));
    }
}
