package dev.baton.runtime.config;

import dev.baton.runtime.config.ConfigNode.Entry;
import dev.baton.runtime.config.ConfigNode.Items;
import dev.baton.runtime.config.ConfigNode.Section;
import dev.baton.runtime.config.ConfigNode.Value;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.OnRequest;
import dev.baton.spi.config.Range;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Reads a configuration in two steps, because the file says where more plugins are and the plugins say what else may be
 * in the file: {@link #parse} and {@link #pluginFolders} need no plugin, {@link #read} needs them all.
 */
public final class ConfigReader {
    /** Far above any real configuration; bounds what is read into memory. */
    private static final long FILE_BYTES_MAX = 1 << 20;

    /** The one form of the file that this version reads. */
    private static final int VERSION = 1;

    private static final String SERVICES = "services";
    private static final String HOOKS = "hooks";
    /** The runtime's own keys at the top whose sections plugins have a part in. */
    private static final Set<String> APART = Set.of(SERVICES, HOOKS);

    /** Names stand in paths of the admin API, in labels of metrics and behind {@code listener:}. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9._-]{0,62}");

    private static final String NO_NAME =
            "' is no name; names begin with a letter and have letters, digits, '.', '_' and '-', 63 at most";

    private final String file;
    private final Path folder;
    private final Section root;
    private final List<Problem> syntaxProblems;

    /** The keys of the top level that are the runtime's own, but for services, whose records are the plugins'. */
    private record Top(
            Optional<Integer> version,
            @Range(min = "1", max = "1024") Optional<Integer> loops,
            @RefersTo(Reference.POLLER) Optional<String> poller,
            @Default("30s") @Range(min = "0s", max = "24h") Duration grace,
            @Default("1s") @Range(min = "0s", max = "24h") Duration closeSpread,

            @Default("15s") @Range(min = "100ms", max = "24h")
            Duration hardStop,

            @Range(min = "1", max = "1048576") Optional<Integer> maxConnections,
            MemoryConfig memory,
            WorkersConfig workers,
            Optional<String> user,
            Optional<String> group,
            Map<String, ListenerConfig> listeners,
            Map<String, UpstreamConfig> upstreams,
            ResolverConfig resolver,
            PluginsConfig plugins) {}

    private ConfigReader(String file, Path folder, Section root, List<Problem> syntaxProblems) {
        this.file = file;
        this.folder = folder;
        this.root = root;
        this.syntaxProblems = syntaxProblems;
    }

    /** The keys at the top that no plugin can have. */
    public static Set<String> ownKeys() {
        Set<String> keys = new HashSet<>(RecordShape.keys(Top.class));
        keys.addAll(APART);
        return keys;
    }

    /**
     * Reads a file as far as that is possible without plugins.
     *
     * @throws ConfigException if it is no YAML
     * @throws IOException if it cannot be read; its message says why
     */
    public static ConfigReader parse(Path path) throws ConfigException, IOException {
        String text;
        try {
            if (Files.isDirectory(path)) {
                throw new IOException("cannot read " + path.toAbsolutePath() + ": it is a folder");
            }
            if (Files.size(path) > FILE_BYTES_MAX) {
                throw new IOException("cannot read " + path + ": it is larger than 1 MiB");
            }
            text = Files.readString(path);
        } catch (NoSuchFileException e) {
            throw new IOException("cannot read " + path + ": there is no such file", e);
        } catch (CharacterCodingException e) {
            throw new IOException("cannot read " + path + ": it is not UTF-8", e);
        } catch (AccessDeniedException e) {
            throw new IOException("cannot read " + path + ": permission denied", e);
        }
        Path parent = path.toAbsolutePath().getParent();
        return parse(path.toString(), text, parent == null ? path.toAbsolutePath() : parent);
    }

    /**
     * Reads a configuration that is not a file of its own.
     *
     * @param file what to call it in messages
     * @param folder what paths in it are relative to
     */
    public static ConfigReader parse(String file, String text, Path folder) throws ConfigException {
        Problems problems = new Problems(file);
        Section root = YamlTree.parse(text, problems);
        if (root == null) {
            throw new ConfigException(problems.sorted());
        }
        return new ConfigReader(file, folder, root, problems.sorted());
    }

    /** The folders of {@code plugins: path:}, as far as they are written properly; {@link #read} complains of the rest. */
    public List<Path> pluginFolders() {
        List<Path> folders = new ArrayList<>();
        for (Value value : pluginValues("path")) {
            pluginFolder(value).filter(Files::isDirectory).ifPresent(path -> folders.add(path.normalize()));
        }
        return folders;
    }

    /** Empty if no folder can have that name, for example one with a NUL. */
    private Optional<Path> pluginFolder(Value value) {
        try {
            return Optional.of(folder.resolve(value.text()));
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    /** The ids of {@code plugins: enable:}. */
    public Set<String> enabledPlugins() {
        Set<String> ids = new HashSet<>();
        pluginValues("enable").forEach(value -> ids.add(value.text()));
        return ids;
    }

    /** The ids of {@code plugins: optional:}. */
    public Set<String> optionalPlugins() {
        Set<String> ids = new HashSet<>();
        pluginValues("optional").forEach(value -> ids.add(value.text()));
        return ids;
    }

    /** A value of a section at the top, as it is written; for who needs no more of the file, and does not ask whether it is right. */
    public Optional<String> text(String section, String key) {
        Entry found = root.entries().get(section);
        Entry value = found != null && found.value() instanceof Section keys
                ? keys.entries().get(key)
                : null;
        return value != null && value.value() instanceof Value written && !written.isNothing()
                ? Optional.of(written.text())
                : Optional.empty();
    }

    private List<Value> pluginValues(String key) {
        return values("plugins", key);
    }

    /** The items of a list in a section at the top, as far as they are written properly. */
    private List<Value> values(String section, String key) {
        Entry found = root.entries().get(section);
        Entry list = found != null && found.value() instanceof Section keys
                ? keys.entries().get(key)
                : null;
        if (list == null || !(list.value() instanceof Items items)) {
            return List.of();
        }
        return items.items().stream()
                .filter(item -> item instanceof Value value && !value.text().isBlank())
                .map(Value.class::cast)
                .toList();
    }

    /**
     * Binds everything.
     *
     * @throws ConfigException with every error of the file
     */
    public RootConfig read(Vocabulary vocabulary) throws ConfigException {
        Problems problems = new Problems(file);
        syntaxProblems.forEach(problem -> problems.add(problem.position(), problem.message()));
        RecordBinder binder = new RecordBinder(
                problems, reference -> names(reference, vocabulary), reference -> variants(reference, vocabulary));

        Set<String> others = new HashSet<>(vocabulary.components().keySet());
        others.addAll(APART);
        checkVersion(problems);
        Top top = binder.bind(Top.class, root, "", Position.START, others);
        Map<String, ServiceConfig> services = services(binder, problems);
        Map<String, Record> components = sections(binder, root.entries(), "", vocabulary.components());
        Map<String, Record> hooks = hooks(binder, problems, vocabulary);
        checkNames(problems);
        checkBinds(problems, vocabulary);
        checkServers(problems);
        checkNameServers(problems);
        checkPluginPath(problems);
        checkEnabledPlugins(problems, vocabulary);
        checkRequiredPlugins(problems, vocabulary);
        checkIdentity(problems);

        if (top == null || !problems.isEmpty()) {
            throw new ConfigException(problems.sorted());
        }
        return new RootConfig(
                top.loops().orElseGet(ConfigReader::defaultLoops),
                top.poller(),
                top.grace(),
                top.closeSpread(),
                top.hardStop(),
                top.maxConnections(),
                top.memory(),
                top.workers(),
                top.user(),
                top.group(),
                top.listeners(),
                services,
                top.upstreams(),
                top.resolver(),
                top.plugins(),
                components,
                hooks);
    }

    /**
     * Reads one listener, by the rules of a file.
     *
     * @param text a YAML or JSON object: the keys of a {@link ListenerConfig}, and {@code name}
     * @param services the names of the services that there are
     * @param loops the ids of the loops that there are
     * @throws ConfigException with everything that is wrong
     */
    public static NamedListener listener(
            String text, Vocabulary vocabulary, Collection<String> services, List<Integer> loops)
            throws ConfigException {
        Problems problems = new Problems("listener");
        Section section = YamlTree.parse(text, problems);
        if (section == null) {
            throw new ConfigException(problems.sorted());
        }
        Entry named = section.entries().get("name");
        String name = named != null && named.value() instanceof Value value ? value.text() : "";
        if (named == null) {
            problems.add(Position.START, "the listener needs the key 'name'");
        } else if (!NAME.matcher(name).matches()) {
            problems.add(named.position(), "name: '" + name + NO_NAME);
        }
        RecordBinder binder = new RecordBinder(
                problems,
                reference -> switch (reference) {
                    case SERVICE -> services;
                    case UNBIND_STRATEGY -> vocabulary.unbindStrategies().keySet();
                    case CONNECTION_FILTER -> vocabulary.connectionFilters().keySet();
                    default -> List.of();
                },
                reference -> variants(reference, vocabulary));
        ListenerConfig config = binder.bind(ListenerConfig.class, section, "listener", Position.START, Set.of("name"));
        checkListener(new ListenerChecks(problems, vocabulary, loops), section, "listener");
        if (config == null || !problems.isEmpty()) {
            throw new ConfigException(problems.sorted());
        }
        return new NamedListener(name, config);
    }

    /**
     * Reads the word of an unbind strategy, all of whose keys have defaults.
     *
     * @throws ConfigException if there is none of this name, or it needs keys
     */
    public static Variant unbindStrategy(String word, Vocabulary vocabulary) throws ConfigException {
        Problems problems = new Problems("strategy");
        RecordBinder binder = new RecordBinder(
                problems,
                reference -> vocabulary.unbindStrategies().keySet(),
                reference -> vocabulary.unbindStrategies());
        Variant read = binder.variant(
                Reference.UNBIND_STRATEGY, new Value(Position.START, word, false), "strategy", Position.START);
        if (read == null) {
            throw new ConfigException(problems.sorted());
        }
        return read;
    }

    /**
     * Binds the parameters of an action.
     *
     * @param action its name, for messages
     * @throws ConfigException with everything that is wrong
     */
    public static <P extends Record> P parameters(String action, Class<P> type, Map<String, String> given)
            throws ConfigException {
        Problems problems = new Problems(action);
        Map<String, Entry> entries = new LinkedHashMap<>();
        given.forEach((key, text) ->
                entries.put(key, new Entry(Position.START, new Value(Position.START, text, true))));
        RecordBinder binder = new RecordBinder(problems, reference -> List.of(), reference -> Map.of());
        P read = binder.bind(type, new Section(Position.START, entries), action, Position.START, Set.of());
        if (read == null || !problems.isEmpty()) {
            throw new ConfigException(problems.sorted());
        }
        return read;
    }

    /** True if its bind is right. */
    private static boolean checkListener(ListenerChecks checks, Section section, String path) {
        Entry entry = section.entries().get("bind");
        return entry != null
                && entry.value() instanceof Value bind
                && !bind.isNothing()
                && checks.check(section, bind, path);
    }

    private int loops() {
        Entry entry = root.entries().get("loops");
        return entry != null
                        && entry.value() instanceof Value value
                        && value.text().matches("[1-9]\\d{0,3}")
                ? Integer.parseInt(value.text())
                : defaultLoops();
    }

    private static int defaultLoops() {
        return Runtime.getRuntime().availableProcessors();
    }

    private Collection<String> names(Reference reference, Vocabulary vocabulary) {
        return switch (reference) {
            case SERVICE -> section(SERVICES).keySet();
            case UPSTREAM -> section("upstreams").keySet();
            case POLLER -> vocabulary.pollers();
            case SERVICE_TYPE -> vocabulary.services().keySet();
            case UNBIND_STRATEGY -> vocabulary.unbindStrategies().keySet();
            case TAKEOVER_POLICY -> vocabulary.takeoverPolicies().keySet();
            case CONNECTION_FILTER -> vocabulary.connectionFilters().keySet();
        };
    }

    static Map<String, Class<? extends Record>> variants(Reference reference, Vocabulary vocabulary) {
        return switch (reference) {
            case SERVICE_TYPE -> vocabulary.services();
            case UNBIND_STRATEGY -> vocabulary.unbindStrategies();
            case TAKEOVER_POLICY -> vocabulary.takeoverPolicies();
            case CONNECTION_FILTER -> vocabulary.connectionFilters();
            case SERVICE, UPSTREAM, POLLER -> Map.of();
        };
    }

    private Map<String, Entry> section(String key) {
        Entry entry = root.entries().get(key);
        return entry != null && entry.value() instanceof Section section ? section.entries() : Map.of();
    }

    private void checkVersion(Problems problems) {
        Entry version = root.entries().get("version");
        if (version == null) {
            problems.add(Position.START, "the file needs 'version: " + VERSION + "' as its first key");
        } else if (version.value() instanceof Value value
                && Scalars.parse(int.class, value.text(), true).value() instanceof Integer number
                && number != VERSION) {
            problems.add(
                    value.position(),
                    "version " + value.text() + " is not one that this Baton reads; it reads version " + VERSION);
        }
    }

    private Map<String, ServiceConfig> services(RecordBinder binder, Problems problems) {
        Map<String, ServiceConfig> services = new LinkedHashMap<>();
        Entry all = root.entries().get(SERVICES);
        if (all != null && !(all.value() instanceof Section)) {
            problems.add(
                    all.value().position(),
                    SERVICES + ": expected keys with values, not " + all.value().noun());
        }
        ServiceNeeds needs = new ServiceNeeds();
        section(SERVICES).forEach((name, entry) -> {
            int before = binder.mentions().size();
            ServiceConfig service = service(binder, problems, RecordBinder.join(SERVICES, name), entry);
            needs.add(
                    name,
                    List.copyOf(
                            binder.mentions().subList(before, binder.mentions().size())));
            if (service != null) {
                services.put(name, service);
            }
        });
        Map<String, ServiceConfig> ordered = new LinkedHashMap<>();
        for (String name : needs.ordered(problems)) {
            ServiceConfig service = services.get(name);
            if (service != null) {
                ordered.put(name, service);
            }
        }
        return ordered;
    }

    private static @Nullable ServiceConfig service(RecordBinder binder, Problems problems, String path, Entry entry) {
        if (!(entry.value() instanceof Section section)) {
            problems.add(
                    entry.value().position(),
                    path + ": expected keys with values, not " + entry.value().noun());
            return null;
        }
        Variant bound = binder.variant(Reference.SERVICE_TYPE, section, path, entry.position());
        return bound == null ? null : new ServiceConfig(bound.type(), bound.settings());
    }

    /** Binds what may be absent if all its keys have defaults. */
    private static Map<String, Record> sections(
            RecordBinder binder, Map<String, Entry> entries, String path, Map<String, Class<? extends Record>> types) {
        Map<String, Record> sections = new LinkedHashMap<>();
        types.forEach((name, type) -> {
            String key = RecordBinder.join(path, name);
            Entry entry = entries.get(name);
            if (entry == null && (!RecordShape.allOptional(type) || type.isAnnotationPresent(OnRequest.class))) {
                return; // what cannot be left out, or is there on request only, is not used if it is
            }
            Record bound = entry == null
                    ? binder.bind(type, new Section(Position.START, Map.of()), key, Position.START, Set.of())
                    : bindComponent(binder, type, key, entry);
            if (bound != null) {
                sections.put(name, bound);
            }
        });
        return sections;
    }

    private Map<String, Record> hooks(RecordBinder binder, Problems problems, Vocabulary vocabulary) {
        Entry all = root.entries().get(HOOKS);
        if (all != null && !(all.value() instanceof Section)) {
            problems.add(
                    all.value().position(),
                    HOOKS + ": expected keys with values, not " + all.value().noun());
        }
        section(HOOKS).forEach((name, entry) -> {
            if (!vocabulary.hooks().containsKey(name)) {
                problems.add(
                        entry.position(),
                        HOOKS + ": there is no fd hook '" + name + "'"
                                + Words.suggestion(name, vocabulary.hooks().keySet(), "there is none at all"));
            }
        });
        return sections(binder, section(HOOKS), HOOKS, vocabulary.hooks());
    }

    private static @Nullable Record bindComponent(
            RecordBinder binder, Class<? extends Record> type, String key, Entry entry) {
        // `admin:` with nothing behind it takes all defaults, like no `admin:` at all.
        ConfigNode value = entry.value();
        if (value instanceof Value nothing && nothing.isNothing()) {
            value = new Section(entry.position(), Map.of());
        }
        return binder.section(type, value, key, entry.position());
    }

    private void checkNames(Problems problems) {
        for (String kind : List.of("listeners", SERVICES, "upstreams")) {
            section(kind).forEach((name, entry) -> {
                if (!NAME.matcher(name).matches()) {
                    problems.add(entry.position(), kind + ": '" + name + NO_NAME);
                }
            });
        }
    }

    private void checkBinds(Problems problems, Vocabulary vocabulary) {
        BoundAddresses bound = new BoundAddresses();
        ListenerChecks checks = new ListenerChecks(
                problems, vocabulary, IntStream.range(0, loops()).boxed().toList());
        section("listeners").forEach((name, entry) -> {
            String path = "listeners." + name;
            if (entry.value() instanceof Section section && checkListener(checks, section, path)) {
                Value bind = child(entry, "bind");
                if (bind != null) {
                    checkFree(problems, bound, bind, path + ".bind");
                }
            }
        });
        // By convention a component calls the address that it binds `listen`.
        vocabulary.components().keySet().forEach(key -> {
            Entry entry = root.entries().get(key);
            Value listen = entry == null ? null : child(entry, "listen");
            if (listen != null) {
                checkFree(problems, bound, listen, key + ".listen");
            }
        });
    }

    private static void checkFree(Problems problems, BoundAddresses bound, Value address, String path) {
        bound.add(address.text(), path, address.position())
                .ifPresent(other -> problems.add(
                        address.position(),
                        path + ": " + address.text() + " is bound already by " + other + "; choose another port"));
    }

    private void checkServers(Problems problems) {
        Collection<String> listeners = section("listeners").keySet();
        section("upstreams").forEach((name, entry) -> {
            String path = "upstreams." + name + ".servers";
            Entry servers =
                    entry.value() instanceof Section section ? section.entries().get("servers") : null;
            if (servers == null) {
                if (entry.value() instanceof Section) {
                    problems.add(entry.position(), "upstreams." + name + " needs the key 'servers'");
                }
            } else if (servers.value() instanceof Items items) {
                if (items.items().isEmpty()) {
                    problems.add(items.position(), path + ": expected at least one server");
                }
                for (int i = 0; i < items.items().size(); i++) {
                    if (items.items().get(i) instanceof Value value
                            && !value.text().isBlank()) {
                        checkServer(problems, listeners, value, path + "[" + i + "]");
                    }
                }
            }
        });
    }

    private static void checkServer(Problems problems, Collection<String> listeners, Value server, String path) {
        Optional<String> listener = ServerAddress.listener(server.text());
        Optional<String> wrong = listener.isEmpty()
                ? ServerAddress.check(server.text())
                : listener.filter(name -> !listeners.contains(name))
                        .map(name -> "there is no listener '" + name + "'"
                                + Words.suggestion(name, listeners, "there is none at all"));
        wrong.ifPresent(why -> problems.add(server.position(), path + ": " + why));
    }

    private void checkNameServers(Problems problems) {
        List<Value> servers = values("resolver", "servers");
        servers.forEach(server -> ResolverConfig.check(server.text())
                .ifPresent(why -> problems.add(server.position(), "resolver.servers: " + why)));
        if (servers.size() > ResolverConfig.SERVERS_MAX) {
            problems.add(
                    servers.get(ResolverConfig.SERVERS_MAX).position(),
                    "resolver.servers: expected at most " + ResolverConfig.SERVERS_MAX + " servers");
        }
    }

    private void checkPluginPath(Problems problems) {
        for (Value value : pluginValues("path")) {
            Optional<Path> path = pluginFolder(value);
            if (path.filter(Files::isDirectory).isEmpty()) {
                String name = path.map(found -> found.normalize().toString()).orElse(value.text());
                problems.add(value.position(), "plugins.path: there is no folder " + name);
            }
        }
    }

    private void checkEnabledPlugins(Problems problems, Vocabulary vocabulary) {
        for (Value value : pluginValues("enable")) {
            if (!vocabulary.plugins().contains(value.text())) {
                problems.add(
                        value.position(),
                        "plugins.enable: there is no plugin '" + value.text() + "'"
                                + Words.suggestion(value.text(), vocabulary.plugins(), "there is none at all"));
            }
        }
    }

    private void checkRequiredPlugins(Problems problems, Vocabulary vocabulary) {
        for (Value value : pluginValues("require")) {
            vocabulary
                    .missing(value.text())
                    .ifPresent(why -> problems.add(value.position(), "plugins.require: " + why));
        }
    }

    /** That there are such a user and such a group; what has a number need not have a name. */
    private void checkIdentity(Problems problems) {
        UserPrincipalLookupService names = FileSystems.getDefault().getUserPrincipalLookupService();
        Entry user = root.entries().get("user");
        Entry group = root.entries().get("group");
        if (user == null && group != null) {
            problems.add(group.position(), "group: needs user: too, which says who has it");
        }
        try {
            if (user != null && user.value() instanceof Value value && !value.isNothing()) {
                checkPrincipal(problems, "user", value, names::lookupPrincipalByName);
            }
            if (group != null && group.value() instanceof Value value && !value.isNothing()) {
                checkPrincipal(problems, "group", value, names::lookupPrincipalByGroupName);
            }
        } catch (IOException e) {
            problems.add(Position.START, "user and group cannot be looked up: " + e.getMessage());
        }
    }

    private interface Lookup {
        UserPrincipal find(String name) throws IOException;
    }

    private static void checkPrincipal(Problems problems, String what, Value value, Lookup lookup) throws IOException {
        try {
            lookup.find(value.text());
        } catch (UserPrincipalNotFoundException unknown) {
            problems.add(value.position(), what + ": there is no " + what + " '" + value.text() + "' on this machine");
        }
    }

    private static @Nullable Value child(Entry entry, String key) {
        Entry child =
                entry.value() instanceof Section section ? section.entries().get(key) : null;
        return child != null && child.value() instanceof Value value && !value.isNothing() ? value : null;
    }
}
