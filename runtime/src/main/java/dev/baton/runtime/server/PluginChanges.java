package dev.baton.runtime.server;

import dev.baton.runtime.config.ConfigException;
import dev.baton.runtime.config.RootConfig;
import dev.baton.runtime.config.Words;
import dev.baton.runtime.plugin.LoadedPlugin;
import dev.baton.runtime.plugin.PluginException;
import dev.baton.runtime.plugin.PluginLoader;
import dev.baton.runtime.plugin.PluginRegistry;
import dev.baton.spi.admin.PluginReload;
import dev.baton.spi.admin.PluginReload.Outcome;
import dev.baton.spi.admin.PluginSnapshot;
import dev.baton.spi.admin.RetiredPlugins;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Replaces plugins of a running process by other versions of them.
 *
 * <pre>
 * step                                                     if it fails
 * is there anything that cannot be replaced?               refused: nothing was changed
 * load the new version beside the old one                  the new one is let go
 * bind the configuration with the new version              the new one is let go
 * make what it contributes ({@link PluginReplacement})     what was made is closed
 * start its components                                     they are stopped
 * put it in the place of the old one                       cannot fail
 * let go of the old one when nothing uses it               {@link dev.baton.runtime.retired.RetiredVersions}
 * </pre>
 *
 * <p>One reload at a time, on the worker, where it may block: no loop takes part before the new version is in its
 * place.
 */
final class PluginChanges {
    private static final Logger LOG = LoggerFactory.getLogger(PluginChanges.class);

    private final Assembly parts;
    private final PluginLoader loader;
    /** Held during a reload, and while a listener is added: that must not use what is being replaced. */
    private final ReentrantLock changing;
    /** So many were begun. Guarded by the lock. */
    private int begun;

    PluginChanges(Assembly parts, PluginLoader loader, ReentrantLock changing) {
        this.parts = parts;
        this.loader = loader;
        this.changing = changing;
    }

    /** The plugins, with how often they were loaded. */
    List<PluginSnapshot> snapshots() {
        return parts.foundation.plugins().snapshots().stream()
                .map(each -> new PluginSnapshot(
                        each.id(),
                        each.version(),
                        each.spi(),
                        each.contributes(),
                        each.from(),
                        each.problem(),
                        each.generation(),
                        parts.retired.count(each.id())))
                .toList();
    }

    /** See {@link dev.baton.spi.admin.RuntimeControl#retiredPlugins}. */
    CompletionStage<RetiredPlugins> retired(boolean collect) {
        return onWorker(() -> {
            try {
                return new RetiredPlugins(collect ? parts.retired.collected() : parts.retired.all());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private <T> CompletionStage<T> onWorker(Supplier<T> work) {
        try {
            return CompletableFuture.supplyAsync(work, parts.machine.worker());
        } catch (RejectedExecutionException ended) {
            return CompletableFuture.failedStage(ended);
        }
    }

    /** See {@link dev.baton.spi.admin.RuntimeControl#reloadPlugin}. */
    CompletionStage<PluginReload> reload(String id) {
        PluginSnapshot known = parts.foundation.plugins().snapshots().stream()
                .filter(each -> each.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new NoSuchElementException("the process has no plugin '" + id + "'"
                        + Words.suggestion(id, parts.foundation.plugins().plugins(), "there is none at all")
                        + "; one that was installed since is loaded by an upgrade"));
        if (known.problem() != null) {
            return CompletableFuture.completedStage(refused(known, "it is not in use: " + known.problem()));
        }
        LoadedPlugin inUse = loader.inUse(id);
        if (inUse == null) {
            return CompletableFuture.completedStage(refused(
                    known, "it is part of the program, from " + known.from() + ", and not loaded from a folder"));
        }
        return onWorker(() -> reloadNow(known, id)).exceptionally(ended -> {
            LOG.error("the reload of plugin {} ended in the middle", id, ended);
            return refused(known, String.valueOf(ended));
        });
    }

    private PluginReload reloadNow(PluginSnapshot known, String id) {
        if (!changing.tryLock()) {
            return refused(known, "another reload is under way, or a listener is being added: try again after it");
        }
        try {
            String obstacle = obstacle();
            LoadedPlugin old = loader.inUse(id);
            if (obstacle != null || old == null) {
                return refused(known, obstacle == null ? "the process has it no longer" : obstacle);
            }
            return replace(old);
        } finally {
            changing.unlock();
        }
    }

    /** Why no plugin can be reloaded now; null if nothing is in the way. */
    private @Nullable String obstacle() {
        if (parts.lifetime.isStopping()) {
            return "the process is draining";
        } else if (!parts.lifetime.isReady()) {
            return "the process is starting: try again when it is ready";
        } else if (parts.upgrade.isUnderWay() || parts.upgrade.isHandingOver()) {
            return "an upgrade is under way, whose process loads the new version";
        }
        return null;
    }

    private PluginReload replace(LoadedPlugin old) {
        List<String> fixed = PluginReplacement.irreplaceable(parts, old);
        if (!fixed.isEmpty()) {
            return irreplaceable(old, fixed);
        }
        LoadedPlugin next;
        try {
            next = loader.loadBeside(old);
        } catch (PluginException e) {
            return wrong(old, old.version(), List.of(String.valueOf(e.getMessage())));
        }
        boolean done = false;
        try {
            PluginRegistry registry = parts.foundation.plugins().with(next);
            fixed = PluginReplacement.irreplaceable(parts, old, registry);
            if (!fixed.isEmpty()) {
                return irreplaceable(old, fixed);
            }
            RootConfig config = parts.foundation.readAgain(registry);
            PluginReplacement replacement = new PluginReplacement(parts, old, next, registry, config, ++begun);
            List<String> problems = replacement.prepare();
            if (!problems.isEmpty()) {
                return wrong(old, next.version(), problems);
            }
            String obstacle = obstacle(); // components may have taken long to start
            if (obstacle != null) {
                replacement.undo();
                return refused(old, obstacle);
            }
            replacement.commit();
            done = true;
        } catch (ConfigException | PluginException e) {
            return wrong(old, next.version(), List.of(String.valueOf(e.getMessage())));
        } finally {
            if (!done) {
                parts.retired.add(next, List.of(), next::close);
            }
        }
        LOG.info(
                "plugin {} reloaded: version {} (generation {}), before it {}",
                next.id(),
                next.version(),
                next.generation(),
                old.version());
        return new PluginReload(
                next.id(),
                Outcome.RELOADED,
                next.version(),
                old.version(),
                next.generation(),
                "version " + next.version() + " serves, before it " + old.version(),
                parts.retired.users(next.id()));
    }

    private static PluginReload wrong(LoadedPlugin old, String version, List<String> problems) {
        return unchanged(
                old,
                Outcome.WRONG,
                "version " + version + " cannot be used, the process continues with what it has: "
                        + String.join("; ", problems));
    }

    private static PluginReload irreplaceable(LoadedPlugin old, List<String> fixed) {
        return unchanged(
                old,
                Outcome.IRREPLACEABLE,
                "it cannot be replaced while the process runs, because of " + String.join("; ", fixed)
                        + "; nothing was changed. To load the new version in a new process: baton upgrade");
    }

    private static PluginReload refused(LoadedPlugin old, String why) {
        return unchanged(old, Outcome.REFUSED, why);
    }

    private static PluginReload refused(PluginSnapshot known, String why) {
        return new PluginReload(
                known.id(), Outcome.REFUSED, known.version(), known.version(), known.generation(), why, List.of());
    }

    private static PluginReload unchanged(LoadedPlugin old, Outcome outcome, String detail) {
        return new PluginReload(old.id(), outcome, old.version(), old.version(), old.generation(), detail, List.of());
    }
}
