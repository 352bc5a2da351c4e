package dev.baton.runtime.retired;

import dev.baton.runtime.loop.Timer;
import dev.baton.runtime.plugin.LoadedPlugin;
import dev.baton.spi.admin.RetiredPlugin;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The versions of plugins that were replaced and are not gone.
 *
 * <pre>
 * used       something uses it: looked at now and then, more and more seldom      nothing does   -> let go
 * let go     what it has made is closed, and its class loader; only weak          collected      -> gone
 *            references lead to it from here
 * </pre>
 *
 * <p>Threading: any thread. What is looked at runs on the timer's, off the loops.
 */
public final class RetiredVersions {
    private static final Logger LOG = LoggerFactory.getLogger(RetiredVersions.class);

    private static final Duration FIRST_LOOK = Duration.ofMillis(20);
    private static final Duration LAST_LOOK = Duration.ofSeconds(1);

    /** Collections that are asked for before the heap is looked at; each may leave what the next one finds. */
    private static final int COLLECTIONS_MAX = 3;

    private final List<Version> all = new CopyOnWriteArrayList<>();
    private final Timer timer;
    private final Consumer<Runnable> turns;

    /**
     * None yet.
     *
     * @param timer when they are looked at
     * @param turns runs a task when every loop has ended the callback that it is in
     */
    public RetiredVersions(Timer timer, Consumer<Runnable> turns) {
        this.timer = timer;
        this.turns = turns;
    }

    /** One version. */
    private final class Version {
        private final String id;
        private final String version;
        private final int generation;
        /** Of its class loader. */
        private final int number;

        private final WeakReference<ClassLoader> loader;
        /** Both hold the version; gone when it is let go. Guarded by this object. */
        private List<Use> uses;

        private @Nullable Runnable end;

        Version(LoadedPlugin plugin, List<Use> uses, Runnable end) {
            this.id = plugin.id();
            this.version = plugin.version();
            this.generation = plugin.generation();
            this.number = plugin.number();
            this.loader = new WeakReference<>(plugin.loader());
            this.uses = List.copyOf(uses);
            this.end = end;
        }

        boolean isGone() {
            return loader.get() == null;
        }

        synchronized List<String> users() {
            List<String> users = new ArrayList<>();
            for (Use each : uses) {
                long count = each.count();
                if (count > 0) {
                    users.add(each.words(count));
                }
            }
            return users;
        }

        void look(Duration pause) {
            if (!users().isEmpty()) {
                Duration next = pause.multipliedBy(2).compareTo(LAST_LOOK) > 0 ? LAST_LOOK : pause.multipliedBy(2);
                timer.after(pause, () -> look(next));
                return;
            }
            // What has begun with it just now and is not counted yet is counted by then.
            turns.accept(() -> timer.after(Duration.ZERO, () -> {
                if (users().isEmpty()) {
                    letGo();
                } else {
                    look(FIRST_LOOK);
                }
            }));
        }

        private void letGo() {
            Runnable ending;
            synchronized (this) {
                ending = end;
                end = null;
                uses = List.of();
            }
            if (ending != null) {
                ending.run();
                LOG.info("plugin {}: nothing uses version {} (generation {}) any longer", id, version, generation);
            }
        }

        RetiredPlugin shown(List<String> holders) {
            return new RetiredPlugin(id, version, generation, users(), holders);
        }
    }

    /**
     * Adds one that was replaced just now.
     *
     * @param plugin the version; of its classes only a weak reference is kept
     * @param uses what may still use it
     * @param end gives back what it has, when nothing uses it; runs once, off the loops
     */
    public void add(LoadedPlugin plugin, List<Use> uses, Runnable end) {
        Version added = new Version(plugin, uses, end);
        all.add(added);
        added.look(FIRST_LOOK);
    }

    private List<Version> left() {
        all.removeIf(Version::isGone);
        return all;
    }

    /** How many of a plugin are not gone. */
    public int count(String id) {
        return (int) left().stream().filter(each -> each.id.equals(id)).count();
    }

    /** What uses the latest version of a plugin that was replaced. */
    public List<String> users(String id) {
        List<String> users = List.of();
        for (Version each : left()) {
            if (each.id.equals(id)) {
                users = each.users();
            }
        }
        return users;
    }

    /** Those that are not gone, the oldest first. */
    public List<RetiredPlugin> all() {
        return left().stream().map(each -> each.shown(List.of())).toList();
    }

    /**
     * The same after collections of garbage, with what holds those that nothing uses. The process stands still for it.
     *
     * @throws IOException if the heap cannot be dumped
     */
    public List<RetiredPlugin> collected() throws IOException {
        for (int i = 0;
                i < COLLECTIONS_MAX
                        && left().stream().anyMatch(each -> each.users().isEmpty());
                i++) {
            System.gc();
        }
        List<Version> held = left().stream()
                .filter(each -> each.users().isEmpty() && !each.isGone())
                .toList();
        List<List<String>> holders = held.isEmpty()
                ? List.of()
                : HeapDump.holders(
                        LoadedPlugin.LOADER,
                        LoadedPlugin.LOADER_NUMBER,
                        held.stream().map(each -> each.number).toList());
        List<RetiredPlugin> shown = new ArrayList<>();
        for (Version each : left()) {
            int at = held.indexOf(each);
            shown.add(each.shown(at < 0 ? List.of() : holders.get(at)));
        }
        return shown;
    }
}
