package dev.baton.runtime.plugin;

import dev.baton.runtime.config.Vocabulary;
import dev.baton.runtime.config.Words;
import dev.baton.spi.ComponentFactory;
import dev.baton.spi.admin.AdminAction;
import dev.baton.spi.admin.AdminView;
import dev.baton.spi.admin.PluginSnapshot;
import dev.baton.spi.fd.FdHook;
import dev.baton.spi.listener.ListenerKind;
import dev.baton.spi.listener.SocketSettings;
import dev.baton.spi.listener.UnbindStrategy;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.pool.TakeoverPolicy;
import dev.baton.spi.service.ServiceFactory;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What all loaded plugins contribute, by name. Filled by the loader, then only read. */
public final class PluginRegistry implements Vocabulary {
    /** An id, and perhaps the least version. */
    private static final Pattern REQUIREMENT =
            Pattern.compile("\\s*([a-z][a-z0-9-]{0,62})\\s*(?:>=\\s*([0-9][0-9A-Za-z.+_-]{0,62})\\s*)?");

    private final Map<String, Contribution<PollerProvider>> pollers = new LinkedHashMap<>();
    private final Map<String, Contribution<ListenerKind>> listenerKinds = new LinkedHashMap<>();
    private final List<Contribution<FdHook>> hooks = new ArrayList<>();
    private final Map<String, Contribution<UnbindStrategy>> unbindStrategies = new LinkedHashMap<>();
    private final Map<String, Contribution<TakeoverPolicy>> takeoverPolicies = new LinkedHashMap<>();
    private final Map<String, ConfiguredContribution<ServiceFactory<?>>> services = new LinkedHashMap<>();
    private final Map<String, ConfiguredContribution<ComponentFactory<?>>> components = new LinkedHashMap<>();
    private final List<Contribution<AdminView>> views = new ArrayList<>();
    private final List<Contribution<AdminAction>> actions = new ArrayList<>();
    /** Ids of those that the configuration would have to name. */
    private final Set<String> resting = new HashSet<>();

    private final List<PluginSnapshot> snapshots = new ArrayList<>();

    PluginRegistry() {}

    /**
     * Adds what one plugin contributes: all of it, or nothing if a name is taken.
     *
     * @return the contribution whose name another plugin has claimed, and that plugin's; empty if all is well
     */
    Optional<Clash> add(Contributions plugin) {
        Map<String, Contribution<?>> claimed = new LinkedHashMap<>();
        allNamed().forEach(each -> claimed.put(each.toString(), each));
        for (Contribution<?> each : plugin.all()) {
            Contribution<?> first = each.kind().equals("fd-hook") ? null : claimed.putIfAbsent(each.toString(), each);
            if (first != null) {
                return Optional.of(new Clash(each, first));
            }
        }
        plugin.pollers.forEach(each -> pollers.put(each.name(), each));
        plugin.listenerKinds.forEach(each -> listenerKinds.put(each.name(), each));
        hooks.addAll(plugin.hooks);
        plugin.unbindStrategies.forEach(each -> unbindStrategies.put(each.name(), each));
        plugin.takeoverPolicies.forEach(each -> takeoverPolicies.put(each.name(), each));
        plugin.services.forEach(each -> services.put(each.contribution().name(), each));
        plugin.components.forEach(each -> components.put(each.contribution().name(), each));
        views.addAll(plugin.views);
        actions.addAll(plugin.actions);
        return Optional.empty();
    }

    /** Two contributions that claim one name. */
    record Clash(Contribution<?> second, Contribution<?> first) {}

    private List<Contribution<?>> allNamed() {
        List<Contribution<?>> all = new ArrayList<>();
        all.addAll(pollers.values());
        all.addAll(listenerKinds.values());
        all.addAll(unbindStrategies.values());
        all.addAll(takeoverPolicies.values());
        services.values().forEach(each -> all.add(each.contribution()));
        components.values().forEach(each -> all.add(each.contribution()));
        all.addAll(views);
        all.addAll(actions);
        return all;
    }

    void addSnapshot(PluginSnapshot snapshot) {
        snapshots.add(snapshot);
    }

    /** Every plugin that was found, by id, also those that were not loaded. */
    public List<PluginSnapshot> snapshots() {
        return snapshots.stream()
                .sorted(Comparator.comparing(PluginSnapshot::id).thenComparing(PluginSnapshot::from))
                .toList();
    }

    /** A plugin that is there and was not asked for: its snapshot says how, which is no failure. */
    void addResting(PluginSnapshot snapshot) {
        resting.add(snapshot.id());
        snapshots.add(snapshot);
    }

    /** The plugins that should have been loaded and could not, by id. */
    public List<PluginSnapshot> failures() {
        return snapshots().stream()
                .filter(plugin -> plugin.problem() != null && !resting.contains(plugin.id()))
                .toList();
    }

    /** The pollers, by name. */
    public Map<String, Contribution<PollerProvider>> pollerProviders() {
        return Collections.unmodifiableMap(pollers);
    }

    /** The kind of listener that a {@code bind} belongs to. */
    public Optional<Contribution<ListenerKind>> listenerKind(String bind) {
        return listenerKinds.values().stream()
                .filter(kind -> kind.get().claims(bind))
                .findFirst();
    }

    /** The fd hooks, in the order in which their plugins were loaded. */
    public List<Contribution<FdHook>> hooks() {
        return Collections.unmodifiableList(hooks);
    }

    /** An unbind strategy that exists. */
    public Contribution<UnbindStrategy> unbindStrategy(String name) {
        return existing(unbindStrategies, name);
    }

    /** A takeover policy that exists. */
    public Contribution<TakeoverPolicy> takeoverPolicy(String name) {
        return existing(takeoverPolicies, name);
    }

    /** The factory of a service type that exists. */
    public Contribution<ServiceFactory<?>> serviceFactory(String type) {
        return existing(services, type).contribution();
    }

    /** The factory of a component that exists. */
    public Contribution<ComponentFactory<?>> componentFactory(String section) {
        return existing(components, section).contribution();
    }

    private static <T> T existing(Map<String, T> map, String name) {
        T found = map.get(name);
        if (found == null) {
            throw new IllegalArgumentException("nobody contributes " + name);
        }
        return found;
    }

    /** The admin views. */
    public List<Contribution<AdminView>> views() {
        return Collections.unmodifiableList(views);
    }

    /** The admin actions. */
    public List<Contribution<AdminAction>> actions() {
        return Collections.unmodifiableList(actions);
    }

    @Override
    public Collection<String> plugins() {
        return snapshots.stream().map(PluginSnapshot::id).collect(Collectors.toCollection(TreeSet::new));
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
        return pollerProviders().keySet();
    }

    @Override
    public Collection<String> unbindStrategies() {
        return Collections.unmodifiableSet(unbindStrategies.keySet());
    }

    @Override
    public Collection<String> takeoverPolicies() {
        return Collections.unmodifiableSet(takeoverPolicies.keySet());
    }

    @Override
    public Map<String, Class<? extends Record>> services() {
        return records(services);
    }

    @Override
    public Map<String, Class<? extends Record>> components() {
        return records(components);
    }

    private static <T> Map<String, Class<? extends Record>> records(Map<String, ConfiguredContribution<T>> all) {
        Map<String, Class<? extends Record>> records = new LinkedHashMap<>();
        all.forEach((name, each) -> records.put(name, each.config()));
        return records;
    }

    @Override
    public Optional<String> checkBind(String bind) {
        Optional<Contribution<ListenerKind>> kind = listenerKind(bind);
        if (kind.isPresent()) {
            return kind.get().get().check(bind);
        }
        return Optional.of(
                listenerKinds.isEmpty()
                        ? "no plugin brings a kind of listener"
                        : "'" + bind + "' has the form of none of the kinds of listeners: "
                                + String.join(", ", listenerKinds.keySet()));
    }

    @Override
    public Optional<String> checkSocket(String bind, SocketSettings settings) {
        return listenerKind(bind).flatMap(kind -> kind.get().check(bind, settings));
    }
}
