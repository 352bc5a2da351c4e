package dev.baton.runtime.config;

import dev.baton.runtime.config.ConfigNode.Entry;
import dev.baton.runtime.config.ConfigNode.Section;
import dev.baton.runtime.config.ConfigNode.Value;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.OnRequest;
import dev.baton.spi.config.Range;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads a configuration in two steps, because the file says where more plugins are and the plugins say what else may be
 * in the file: {@link #parse} and {@link #pluginFolders} need no plugin, {@link #read} needs them all.
 */
public final class ConfigReader {
    /** Far above any real configuration; bounds what is read into memory. */
    private static final long FILE_BYTES_MAX = 1 << 20;

    /** The one form of the file that this version reads. */
    static final int VERSION = 1;

    static final String SERVICES = "services";
    /** The key of a service; with an {@code s}, the section of the plugin that opens and closes lanes. */
    private static final String LANE = "lane";

    private static final String LANES = "lanes";
    private static final String HOOKS = "hooks";
    /** The runtime's own keys at the top whose sections plugins have a part in. */
    private static final Set<String> APART = Set.of(SERVICES, HOOKS);

    /** Names stand in paths of the admin API, in labels of metrics and behind {@code listener:}. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9._-]{0,62}");

    static final String NO_NAME =
            "' is no name; names begin with a letter and have letters, digits, '.', '_' and '-', 63 at most";

    private final String file;
    private final Path folder;
    private final ConfigTree tree;
    private final List<Problem> syntaxProblems;
    private final boolean mayLackFolders;

    /** The keys of the top level that are the runtime's own, but for services, whose records are the plugins'. */
    private record Top(
            Optional<Integer> version,
            Optional<LoopCount> loops,
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
        this(file, folder, root, syntaxProblems, false);
    }

    private ConfigReader(String file, Path folder, Section root, List<Problem> syntaxProblems, boolean mayLackFolders) {
        this.mayLackFolders = mayLackFolders;
        this.file = file;
        this.folder = folder;
        this.tree = new ConfigTree(root);
        this.syntaxProblems = syntaxProblems;
    }

    /** The keys at the top that no plugin can have. */
    public static Set<String> ownKeys() {
        Set<String> keys = new HashSet<>(RecordShape.keys(Top.class));
        keys.addAll(APART);
        return keys;
    }

    /** What can be written there; but for sections that only plugins know, with all keys in them. */
    public static List<DescribedKey> describedKeys(Vocabulary vocabulary) {
        List<DescribedKey> keys = new ArrayList<>();
        // FileChecks demands the version, in words of its own.
        DescribedKey.of(Top.class, vocabulary)
                .forEach(key -> keys.add(key.name().equals(FileChecks.VERSION) ? key.required() : key));
        new TreeSet<>(APART).forEach(each -> keys.add(DescribedKey.namedSections(each)));
        keys.addAll(DescribedKey.of(ServiceConfig.Keys.class, SERVICES + ".NAME.", vocabulary));
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

    /**
     * A configuration that a program has made.
     *
     * @param name what to call it in messages
     * @param keys those of the top level; see {@link ObjectTree#section} for values
     * @param folder what paths in it are relative to
     */
    public static ConfigReader of(String name, Map<String, ?> keys, Path folder) {
        return new ConfigReader(name, folder, ObjectTree.section(keys), List.of());
    }

    /** Whether a key stands at the top. */
    public boolean has(String key) {
        return tree.entry(key) != null;
    }

    /**
     * The same with more keys, which a program adds: of a section that is there already the new keys are added to it.
     *
     * @throws IllegalArgumentException if one of them is there already
     */
    public ConfigReader with(Map<String, ?> keys) {
        Section more = ObjectTree.section(keys);
        return new ConfigReader(file, folder, merged(tree.root(), more, ""), syntaxProblems, mayLackFolders);
    }

    /** The same, for which it is no error if a folder of {@code plugins: path:} is not there. */
    public ConfigReader withoutMissingFolders() {
        return new ConfigReader(file, folder, tree.root(), syntaxProblems, true);
    }

    private static Section merged(Section first, Section more, String path) {
        Map<String, Entry> entries = new LinkedHashMap<>(first.entries());
        more.entries().forEach((key, added) -> {
            String where = RecordBinder.join(path, key);
            Entry known = entries.get(key);
            if (known == null || (known.value() instanceof Value value && value.isNothing())) {
                entries.put(key, added);
            } else if (known.value() instanceof Section old && added.value() instanceof Section section) {
                entries.put(key, new Entry(known.position(), merged(old, section, where)));
            } else {
                throw new IllegalArgumentException(where + " is set twice: in the configuration and by the program");
            }
        });
        return new Section(first.position(), entries);
    }

    /**
     * The folders of {@code plugins: path:}, as far as they are written properly; {@link #read} complains of the rest.
     */
    public List<Path> pluginFolders() {
        return pluginPath().stream().filter(Files::isDirectory).toList();
    }

    /** The same, with those that are not there. */
    public List<Path> pluginPath() {
        List<Path> folders = new ArrayList<>();
        for (Value value : tree.values("plugins", "path")) {
            pluginFolder(value).ifPresent(path -> folders.add(path.normalize()));
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
        tree.values("plugins", "enable").forEach(value -> ids.add(value.text()));
        return ids;
    }

    /** The ids of {@code plugins: optional:}. */
    public Set<String> optionalPlugins() {
        Set<String> ids = new HashSet<>();
        tree.values("plugins", "optional").forEach(value -> ids.add(value.text()));
        return ids;
    }

    /**
     * A value of a section at the top, as it is written; for code that needs no more of the file and does not check it.
     */
    public Optional<String> text(String section, String key) {
        return tree.text(section, key);
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
                problems,
                folder,
                reference -> names(reference, vocabulary),
                reference -> variants(reference, vocabulary));

        Set<String> others = new HashSet<>(vocabulary.components().keySet());
        others.addAll(APART);
        Top top = binder.bind(Top.class, tree.root(), "", Position.START, others);
        Map<String, ServiceConfig> services = services(binder, problems, vocabulary);
        Map<String, Record> components = sections(binder, tree.root().entries(), "", vocabulary.components());
        Map<String, Record> hooks = hooks(binder, problems, vocabulary);
        new FileChecks(tree, problems, vocabulary, loops(), this::pluginFolder, mayLackFolders).run();

        if (top == null || !problems.isEmpty()) {
            throw new ConfigException(problems.sorted());
        }
        return new RootConfig(
                top.loops().orElse(LoopCount.PROCESSORS),
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
        return listener(section, problems, vocabulary, services, loops);
    }

    /**
     * Binds one listener that a program has made, by the rules of a file.
     *
     * @param keys those of a {@link ListenerConfig}, and {@code name}
     * @param services the names of the services that there are
     * @param loops the ids of the loops that there are
     * @throws ConfigException with everything that is wrong
     */
    public static NamedListener listener(
            Map<String, ?> keys, Vocabulary vocabulary, Collection<String> services, List<Integer> loops)
            throws ConfigException {
        return listener(ObjectTree.section(keys), new Problems("listener"), vocabulary, services, loops);
    }

    private static NamedListener listener(
            Section section, Problems problems, Vocabulary vocabulary, Collection<String> services, List<Integer> loops)
            throws ConfigException {
        Entry named = section.entries().get("name");
        String name = named != null && named.value() instanceof Value value ? value.text() : "";
        if (named == null) {
            problems.add(Position.START, "the listener needs the key 'name'");
        } else if (!isName(name)) {
            problems.add(named.position(), "name: '" + name + NO_NAME);
        }
        RecordBinder binder = new RecordBinder(
                problems,
                reference -> switch (reference) {
                    case SERVICE -> services;
                    case UNBIND_STRATEGY -> vocabulary.unbindStrategies().keySet();
                    case CONNECTION_FILTER -> vocabulary.connectionFilters().keySet();
                    case LISTENER_KIND -> vocabulary.listenerKinds().keySet();
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

    static boolean isName(String text) {
        return NAME.matcher(text).matches();
    }

    /** True if its bind is right. */
    static boolean checkListener(ListenerChecks checks, Section section, String path) {
        Entry entry = section.entries().get("bind");
        return entry != null
                && entry.value() instanceof Value bind
                && !bind.isNothing()
                && checks.check(section, bind, path);
    }

    private int loops() {
        Entry entry = tree.entry("loops");
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
            case SERVICE -> tree.section(SERVICES).keySet();
            case UPSTREAM -> tree.section("upstreams").keySet();
            case POLLER -> vocabulary.pollers();
            case SERVICE_TYPE -> vocabulary.services().keySet();
            case UNBIND_STRATEGY -> vocabulary.unbindStrategies().keySet();
            case TAKEOVER_POLICY -> vocabulary.takeoverPolicies().keySet();
            case BALANCER -> vocabulary.balancers().keySet();
            case CONNECTION_FILTER -> vocabulary.connectionFilters().keySet();
            case HTTP_FILTER -> vocabulary.httpFilters().keySet();
            case HTTP_HANDLER -> vocabulary.httpHandlers().keySet();
            case LISTENER_KIND -> vocabulary.listenerKinds().keySet();
        };
    }

    static Map<String, Class<? extends Record>> variants(Reference reference, Vocabulary vocabulary) {
        return switch (reference) {
            case SERVICE_TYPE -> vocabulary.services();
            case UNBIND_STRATEGY -> vocabulary.unbindStrategies();
            case TAKEOVER_POLICY -> vocabulary.takeoverPolicies();
            case BALANCER -> vocabulary.balancers();
            case CONNECTION_FILTER -> vocabulary.connectionFilters();
            case HTTP_FILTER -> vocabulary.httpFilters();
            case HTTP_HANDLER -> vocabulary.httpHandlers();
            case LISTENER_KIND -> vocabulary.listenerKinds();
            case SERVICE, UPSTREAM, POLLER -> Map.of();
        };
    }

    private Map<String, ServiceConfig> services(RecordBinder binder, Problems problems, Vocabulary vocabulary) {
        Map<String, ServiceConfig> services = new LinkedHashMap<>();
        Entry all = tree.entry(SERVICES);
        if (all != null && !(all.value() instanceof Section)) {
            problems.add(
                    all.value().position(),
                    SERVICES + ": expected keys with values, not " + all.value().noun());
        }
        ServiceNeeds needs = new ServiceNeeds();
        tree.section(SERVICES).forEach((name, entry) -> {
            int before = binder.mentions().size();
            ServiceConfig service = service(binder, problems, RecordBinder.join(SERVICES, name), entry);
            if (service != null && service.lane().isPresent()) {
                checkLane(name, (Section) entry.value(), vocabulary, problems);
            }
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

    /** The key is the runtime's, and a plugin decides when a lane opens: without it there would never be one. */
    private static void checkLane(String service, Section section, Vocabulary vocabulary, Problems problems) {
        if (!vocabulary.components().containsKey(LANES)) {
            problems.add(
                    Objects.requireNonNull(section.entries().get(LANE)).position(),
                    RecordBinder.join(RecordBinder.join(SERVICES, service), LANE)
                            + ": no plugin is loaded that opens lanes: install loop-lanes, or take this key out");
        }
    }

    private static @Nullable ServiceConfig service(RecordBinder binder, Problems problems, String path, Entry entry) {
        if (!(entry.value() instanceof Section section)) {
            problems.add(
                    entry.value().position(),
                    path + ": expected keys with values, not " + entry.value().noun());
            return null;
        }
        Variant bound =
                binder.variant(Reference.SERVICE_TYPE, section, path, entry.position(), ServiceConfig.ownKeys());
        ServiceConfig.Keys keys = binder.bind(
                ServiceConfig.Keys.class,
                section,
                path,
                entry.position(),
                section.entries().keySet()); // whose keys the others are, the variant has checked
        return bound == null || keys == null ? null : new ServiceConfig(bound.type(), bound.settings(), keys.lane());
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
        Entry all = tree.entry(HOOKS);
        if (all != null && !(all.value() instanceof Section)) {
            problems.add(
                    all.value().position(),
                    HOOKS + ": expected keys with values, not " + all.value().noun());
        }
        tree.section(HOOKS).forEach((name, entry) -> {
            if (!vocabulary.hooks().containsKey(name)) {
                problems.add(
                        entry.position(),
                        HOOKS + ": there is no fd hook '" + name + "'"
                                + Words.suggestion(name, vocabulary.hooks().keySet(), "there is none at all"));
            }
        });
        return sections(binder, tree.section(HOOKS), HOOKS, vocabulary.hooks());
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
}
