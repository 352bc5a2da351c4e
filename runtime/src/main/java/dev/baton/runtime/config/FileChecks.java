package dev.baton.runtime.config;

import dev.baton.runtime.config.ConfigNode.Entry;
import dev.baton.runtime.config.ConfigNode.Items;
import dev.baton.runtime.config.ConfigNode.Section;
import dev.baton.runtime.config.ConfigNode.Value;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The rules of a file that the types of its records cannot say: names, addresses, servers, folders, users. */
final class FileChecks {
    static final String VERSION = "version";

    private final ConfigTree tree;
    private final Problems problems;
    private final Vocabulary vocabulary;
    private final int loops;
    private final Function<Value, Optional<Path>> folders;
    private final boolean mayLackFolders;

    /**
     * Checks nothing yet.
     *
     * @param loops how many the file asks for
     * @param folders the folder that a value names; empty if none can have that name
     * @param mayLackFolders true if folders of plugins need not be there
     */
    FileChecks(
            ConfigTree tree,
            Problems problems,
            Vocabulary vocabulary,
            int loops,
            Function<Value, Optional<Path>> folders,
            boolean mayLackFolders) {
        this.tree = tree;
        this.problems = problems;
        this.vocabulary = vocabulary;
        this.loops = loops;
        this.folders = folders;
        this.mayLackFolders = mayLackFolders;
    }

    /** Adds what is wrong to the problems. */
    void run() {
        checkVersion();
        checkNames();
        checkBinds();
        checkServers();
        checkStickyCookies();
        checkNameServers();
        if (!mayLackFolders) {
            checkPluginPath();
        }
        checkEnabledPlugins();
        checkRequiredPlugins();
        checkIdentity();
    }

    private void checkVersion() {
        Entry version = tree.entry(VERSION);
        if (version == null) {
            problems.add(Position.START, "the file needs 'version: " + ConfigReader.VERSION + "' as its first key");
        } else if (version.value() instanceof Value value
                && Scalars.parse(int.class, value.text(), true).value() instanceof Integer number
                && number != ConfigReader.VERSION) {
            problems.add(
                    value.position(),
                    "version " + value.text() + " is not one that this Baton reads; it reads version "
                            + ConfigReader.VERSION);
        }
    }

    private void checkNames() {
        for (String kind : List.of("listeners", ConfigReader.SERVICES, "upstreams")) {
            tree.section(kind).forEach((name, entry) -> {
                if (!ConfigReader.isName(name)) {
                    problems.add(entry.position(), kind + ": '" + name + ConfigReader.NO_NAME);
                }
            });
        }
    }

    private void checkBinds() {
        BoundAddresses bound = new BoundAddresses();
        ListenerChecks checks = new ListenerChecks(
                problems, vocabulary, IntStream.range(0, loops).boxed().toList());
        tree.section("listeners").forEach((name, entry) -> {
            String path = "listeners." + name;
            if (entry.value() instanceof Section section && ConfigReader.checkListener(checks, section, path)) {
                Value bind = ConfigTree.child(entry, "bind");
                if (bind != null) {
                    checkFree(bound, bind, path + ".bind");
                }
            }
        });
        // By convention a component calls the address that it binds `listen`.
        vocabulary.components().keySet().forEach(key -> {
            Entry entry = tree.entry(key);
            Value listen = entry == null ? null : ConfigTree.child(entry, "listen");
            if (listen != null) {
                checkFree(bound, listen, key + ".listen");
            }
        });
    }

    private void checkFree(BoundAddresses bound, Value address, String path) {
        bound.add(address.text(), path, address.position())
                .ifPresent(other -> problems.add(
                        address.position(),
                        path + ": " + address.text() + " is bound already by " + other + "; choose another port"));
    }

    private void checkServers() {
        Collection<String> listeners = tree.section("listeners").keySet();
        tree.section("upstreams").forEach((name, entry) -> {
            String path = "upstreams." + name + ".servers";
            Entry servers =
                    entry.value() instanceof Section section ? section.entries().get("servers") : null;
            if (servers != null && servers.value() instanceof Items items) {
                for (int i = 0; i < items.items().size(); i++) {
                    ConfigNode item = items.items().get(i);
                    if (item instanceof Section keys) {
                        Entry address = keys.entries().get("address");
                        item = address == null ? item : address.value();
                        checkWeight(item, keys.entries().get("weight"), path + "[" + i + "]");
                    }
                    if (item instanceof Value value && !value.text().isBlank()) {
                        checkServer(listeners, value, path + "[" + i + "]");
                    }
                }
            }
        });
    }

    /**
     * That no two upstreams set the same cookie: behind one host each would overwrite the other's in the client, and
     * sessions would move with every request.
     */
    private void checkStickyCookies() {
        Map<List<String>, String> first = new HashMap<>();
        tree.section("upstreams").forEach((name, entry) -> {
            Entry sticky =
                    entry.value() instanceof Section section ? section.entries().get("sticky") : null;
            if (sticky == null) {
                return;
            }
            Value cookie = sticky.value() instanceof Value text ? text : ConfigTree.child(sticky, "cookie");
            if (cookie == null) {
                return;
            }
            Value path = ConfigTree.child(sticky, "path");
            String other = first.putIfAbsent(List.of(cookie.text(), path == null ? "/" : path.text()), name);
            if (other != null) {
                problems.add(
                        cookie.position(),
                        "upstreams." + name + ".sticky: upstream '" + other + "' has the cookie '" + cookie.text()
                                + "' too, and clients keep only one; choose another name");
            }
        });
    }

    private void checkWeight(ConfigNode address, @Nullable Entry weight, String path) {
        if (weight != null
                && address instanceof Value value
                && ServerAddress.service(value.text()).isPresent()) {
            problems.add(weight.position(), path + ".weight: the SRV records of " + value.text() + " say the weights");
        }
    }

    private void checkServer(Collection<String> listeners, Value server, String path) {
        Optional<String> listener = ServerAddress.listener(server.text());
        Optional<String> wrong = listener.isEmpty()
                ? ServerAddress.check(server.text())
                : listener.filter(name -> !listeners.contains(name))
                        .map(name -> "there is no listener '" + name + "'"
                                + Words.suggestion(name, listeners, "there is none at all"));
        wrong.ifPresent(why -> problems.add(server.position(), path + ": " + why));
    }

    private void checkNameServers() {
        List<Value> servers = tree.values("resolver", "servers");
        servers.forEach(server -> ResolverConfig.check(server.text())
                .ifPresent(why -> problems.add(server.position(), "resolver.servers: " + why)));
        if (servers.size() > ResolverConfig.SERVERS_MAX) {
            problems.add(
                    servers.get(ResolverConfig.SERVERS_MAX).position(),
                    "resolver.servers: expected at most " + ResolverConfig.SERVERS_MAX + " servers");
        }
    }

    private void checkPluginPath() {
        for (Value value : tree.values("plugins", "path")) {
            Optional<Path> path = folders.apply(value);
            if (path.filter(Files::isDirectory).isEmpty()) {
                String name = path.map(found -> found.normalize().toString()).orElse(value.text());
                problems.add(value.position(), "plugins.path: there is no folder " + name);
            }
        }
    }

    private void checkEnabledPlugins() {
        for (Value value : tree.values("plugins", "enable")) {
            if (!vocabulary.plugins().contains(value.text())) {
                problems.add(
                        value.position(),
                        "plugins.enable: there is no plugin '" + value.text() + "'"
                                + Words.suggestion(value.text(), vocabulary.plugins(), "there is none at all"));
            }
        }
    }

    private void checkRequiredPlugins() {
        for (Value value : tree.values("plugins", "require")) {
            vocabulary
                    .missing(value.text())
                    .ifPresent(why -> problems.add(value.position(), "plugins.require: " + why));
        }
    }

    /** That there are such a user and such a group; what has a number need not have a name. */
    private void checkIdentity() {
        UserPrincipalLookupService names = FileSystems.getDefault().getUserPrincipalLookupService();
        Value user = tree.value("user");
        Value group = tree.value("group");
        Entry asked = tree.entry("group");
        if (tree.entry("user") == null && asked != null) {
            problems.add(asked.position(), "group: needs user: too, which says who has it");
        }
        try {
            if (user != null) {
                checkPrincipal("user", user, names::lookupPrincipalByName);
            }
            if (group != null) {
                checkPrincipal("group", group, names::lookupPrincipalByGroupName);
            }
        } catch (IOException e) {
            problems.add(Position.START, "user and group cannot be looked up: " + e.getMessage());
        }
    }

    private interface Lookup {
        UserPrincipal find(String name) throws IOException;
    }

    private void checkPrincipal(String what, Value value, Lookup lookup) throws IOException {
        try {
            lookup.find(value.text());
        } catch (UserPrincipalNotFoundException unknown) {
            problems.add(value.position(), what + ": there is no " + what + " '" + value.text() + "' on this machine");
        }
    }
}
