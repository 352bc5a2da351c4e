package dev.baton.runtime.plugin;

import dev.baton.runtime.config.RecordShape;
import dev.baton.runtime.config.Variant;
import dev.baton.runtime.config.Vocabulary;
import dev.baton.runtime.config.Words;
import dev.baton.spi.Configured;
import dev.baton.spi.admin.PluginSnapshot;
import dev.baton.spi.config.Choice;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpHandler;
import dev.baton.spi.listener.InvalidBindException;
import dev.baton.spi.listener.ListenerEndpoint;
import dev.baton.spi.listener.ListenerKind;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What all loaded plugins contribute, by name. Filled by the loader, then read by any thread; a reload puts another
 * version of one plugin in the place of the one before, all of it at once ({@link #become}).
 */
public final class PluginRegistry implements Vocabulary {
    /** An id, and perhaps the least version. */
    private static final Pattern REQUIREMENT =
            Pattern.compile("\\s*([a-z][a-z0-9-]{0,62})\\s*(?:>=\\s*([0-9][0-9A-Za-z.+_-]{0,62})\\s*)?");

    /** Changed while plugins are loaded, by one thread; replaced afterwards. */
    private volatile Content content = new Content(new HashMap<>(), new ArrayList<>());
    /** Ids of those that the configuration would have to name. */
    private final Set<String> resting = new HashSet<>();

    private record Content(
            Map<ExtensionPoint<?>, Map<String, Contribution<?>>> contributed, List<PluginSnapshot> snapshots) {}

    PluginRegistry() {
        ExtensionPoint.ALL.forEach(point -> content.contributed.put(point, new LinkedHashMap<>()));
    }

    /**
     * The same with another version of a plugin.
     *
     * @throws PluginException if it contributes something that another plugin does
     */
    public PluginRegistry with(LoadedPlugin next) throws PluginException {
        PluginRegistry made = new PluginRegistry();
        made.resting.addAll(resting);
        Content now = content;
        now.contributed.forEach((point, byName) -> byName.forEach((name, each) -> {
            if (!each.plugin().equals(next.id())) {
                made.byName(point).put(name, each);
            }
        }));
        now.snapshots.forEach(each -> made.addSnapshot(each.id().equals(next.id()) ? next.snapshot() : each));
        Clash clash = made.add(next.contributions()).orElse(null);
        if (clash != null) {
            throw new PluginException(
                    clash.second().equals(clash.first())
                            ? next.snapshot().from() + ": contributes " + clash.first() + " twice"
                            : next.snapshot().from() + ": " + clash.second() + " is claimed already by plugin '"
                                    + clash.first().plugin() + "'");
        }
        return made;
    }

    /** Has what another one has, from now on. */
    public void become(PluginRegistry other) {
        content = other.content;
    }

    /**
     * Adds what one plugin contributes: all of it, or nothing if a name is taken.
     *
     * @return the contribution whose name another plugin has claimed, and that plugin's; empty if all is well
     */
    Optional<Clash> add(Contributions plugin) {
        Set<String> own = new HashSet<>();
        for (Contribution<?> each : plugin.all()) {
            Contribution<?> first = byName(each.point()).get(each.name());
            if (first != null) {
                return Optional.of(new Clash(each, first));
            } else if (!own.add(each.toString())) {
                return Optional.of(new Clash(each, each));
            }
        }
        plugin.all().forEach(each -> byName(each.point()).put(each.name(), each));
        return Optional.empty();
    }

    private Map<String, Contribution<?>> byName(ExtensionPoint<?> point) {
        return Objects.requireNonNull(content.contributed.get(point));
    }

    /** What is contributed to an extension point, by name, in the order in which it was loaded. */
    @SuppressWarnings("unchecked") // a contribution is kept under its own point
    public <T> Map<String, Contribution<T>> all(ExtensionPoint<T> point) {
        return Collections.unmodifiableMap((Map<String, Contribution<T>>) (Map<String, ?>) byName(point));
    }

    /** What a plugin contributes, in the order of the extension points. */
    public List<Contribution<?>> of(String plugin) {
        List<Contribution<?>> found = new ArrayList<>();
        for (ExtensionPoint<?> point : ExtensionPoint.ALL) {
            byName(point).values().stream()
                    .filter(each -> each.plugin().equals(plugin))
                    .forEach(found::add);
        }
        return found;
    }

    /** True if a plugin is there and was not asked for. */
    public boolean isResting(String plugin) {
        return resting.contains(plugin);
    }

    /** What is contributed to an extension point under a name that exists. */
    public <T> Contribution<T> get(ExtensionPoint<T> point, String name) {
        Contribution<T> found = all(point).get(name);
        if (found == null) {
            throw new IllegalArgumentException("no plugin contributes the " + point + " " + name);
        }
        return found;
    }

    /** Makes what is contributed under a name, as the configuration says. */
    @SuppressWarnings("unchecked") // the contribution has the factory and its record together
    public <T> T make(ExtensionPoint<? extends Configured<?, ? extends T>> point, Variant variant) {
        Configured<?, ? extends T> factory = get(point, variant.type()).get();
        return ((Configured<Record, ? extends T>) factory).create(variant.settings());
    }

    /** Id of the plugin that contributes what a user has chosen for a service. */
    public String contributor(Choice<?> choice) {
        return get(point(choice), choice.type()).plugin();
    }

    /** Makes what a user has chosen for a service. */
    public <T> T make(Choice<T> choice) {
        return choice.kind().cast(make(point(choice), new Variant(choice.type(), choice.settings())));
    }

    private static ExtensionPoint<? extends Configured<?, ?>> point(Choice<?> choice) {
        if (choice.kind() == HttpFilter.class) {
            return ExtensionPoint.HTTP_FILTER;
        } else if (choice.kind() == HttpHandler.class) {
            return ExtensionPoint.HTTP_HANDLER;
        }
        throw new IllegalArgumentException("there is no extension point of " + choice.kind());
    }

    /** Two contributions that claim one name. */
    record Clash(Contribution<?> second, Contribution<?> first) {}

    void addSnapshot(PluginSnapshot snapshot) {
        content.snapshots.add(snapshot);
    }

    /** Every plugin that was found, by id, also those that were not loaded. */
    public List<PluginSnapshot> snapshots() {
        return content.snapshots.stream()
                .sorted(Comparator.comparing(PluginSnapshot::id).thenComparing(PluginSnapshot::from))
                .toList();
    }

    /** A plugin that is there and was not asked for: its snapshot says how, which is no failure. */
    void addResting(PluginSnapshot snapshot) {
        resting.add(snapshot.id());
        content.snapshots.add(snapshot);
    }

    /** The plugins that should have been loaded and could not, by id. */
    public List<PluginSnapshot> failures() {
        return snapshots().stream()
                .filter(plugin -> plugin.problem() != null && !resting.contains(plugin.id()))
                .toList();
    }

    /** True if a kind of listener claims a {@code bind}. */
    public boolean hasListenerKind(String bind) {
        return !claimants(bind).isEmpty();
    }

    private record Claimant(String name, String plugin, ListenerKind kind) {}

    /** Of the kinds that need no keys. */
    private List<Claimant> claimants(String bind) {
        List<Claimant> claimants = new ArrayList<>();
        all(ExtensionPoint.LISTENER)
                .forEach((name, each) -> RecordShape.defaults(each.config()).ifPresent(keys -> {
                    ListenerKind kind = make(ExtensionPoint.LISTENER, new Variant(name, keys));
                    if (kind.claims(bind)) {
                        claimants.add(new Claimant(name, each.plugin(), kind));
                    }
                }));
        return claimants;
    }

    @Override
    public Collection<String> plugins() {
        return content.snapshots.stream().map(PluginSnapshot::id).collect(Collectors.toCollection(TreeSet::new));
    }

    @Override
    public Optional<String> missing(String requirement) {
        Matcher matcher = REQUIREMENT.matcher(requirement);
        if (!matcher.matches()) {
            return Optional.of("'" + requirement
                    + "' is no requirement: expected an id, or an id and a version, as in auth >= 1.2");
        }
        String id = matcher.group(1);
        String least = matcher.group(2);
        List<PluginSnapshot> found =
                snapshots().stream().filter(each -> each.id().equals(id)).toList();
        if (found.isEmpty()) {
            return Optional.of(
                    "there is no plugin '" + id + "'" + Words.suggestion(id, plugins(), "there is none at all"));
        }
        PluginSnapshot plugin = found.get(0);
        if (plugin.problem() != null) {
            return Optional.of("the plugin '" + id + "' is not loaded: " + plugin.problem());
        }
        boolean tooOld = least != null && PluginVersion.of(plugin.version()).compareTo(PluginVersion.of(least)) < 0;
        return tooOld
                ? Optional.of("the plugin '" + id + "' has version " + plugin.version() + ", needed is " + least
                        + " or later")
                : Optional.empty();
    }

    @Override
    public Collection<String> pollers() {
        return all(ExtensionPoint.POLLER).keySet();
    }

    @Override
    public Map<String, Class<? extends Record>> unbindStrategies() {
        return records(ExtensionPoint.UNBIND_STRATEGY);
    }

    @Override
    public Map<String, Class<? extends Record>> takeoverPolicies() {
        return records(ExtensionPoint.TAKEOVER_POLICY);
    }

    @Override
    public Map<String, Class<? extends Record>> balancers() {
        return records(ExtensionPoint.BALANCER);
    }

    @Override
    public Map<String, Class<? extends Record>> connectionFilters() {
        return records(ExtensionPoint.CONNECTION_FILTER);
    }

    @Override
    public Map<String, Class<? extends Record>> httpFilters() {
        return records(ExtensionPoint.HTTP_FILTER);
    }

    @Override
    public Map<String, Class<? extends Record>> httpHandlers() {
        return records(ExtensionPoint.HTTP_HANDLER);
    }

    @Override
    public Map<String, Class<? extends Record>> services() {
        return records(ExtensionPoint.SERVICE);
    }

    @Override
    public Map<String, Class<? extends Record>> components() {
        return records(ExtensionPoint.COMPONENT);
    }

    @Override
    public Map<String, Class<? extends Record>> hooks() {
        return records(ExtensionPoint.FD_HOOK);
    }

    private Map<String, Class<? extends Record>> records(ExtensionPoint<?> point) {
        Map<String, Class<? extends Record>> records = new LinkedHashMap<>();
        all(point).forEach((name, each) -> records.put(name, each.config()));
        return records;
    }

    @Override
    public Map<String, Class<? extends Record>> listenerKinds() {
        return records(ExtensionPoint.LISTENER);
    }

    @Override
    public ListenerEndpoint endpoint(String bind, Optional<Variant> named) {
        if (named.isPresent()) {
            ListenerKind kind = make(ExtensionPoint.LISTENER, named.get());
            if (!kind.claims(bind)) {
                throw new InvalidBindException("'" + bind + "' does not have the form of the kind "
                        + named.get().type());
            }
            return kind.parse(bind);
        }
        List<Claimant> kinds = claimants(bind);
        if (kinds.size() == 1) {
            return kinds.get(0).kind().parse(bind);
        } else if (kinds.size() > 1) {
            throw new InvalidBindException("'" + bind + "' is claimed by " + kinds.size() + " kinds of listeners: "
                    + kinds.stream()
                            .map(each -> each.name() + " of plugin " + each.plugin())
                            .collect(Collectors.joining(", "))
                    + "; say which by 'kind'");
        }
        Set<String> names = all(ExtensionPoint.LISTENER).keySet();
        throw new InvalidBindException(
                names.isEmpty()
                        ? "no plugin brings a kind of listener"
                        : "'" + bind + "' has the form of none of the kinds of listeners: " + String.join(", ", names));
    }
}
