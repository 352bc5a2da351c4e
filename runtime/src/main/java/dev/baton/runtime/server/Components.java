package dev.baton.runtime.server;

import dev.baton.runtime.plugin.Contribution;
import dev.baton.runtime.plugin.ExtensionPoint;
import dev.baton.runtime.plugin.PluginLoader;
import dev.baton.runtime.plugin.PluginRegistry;
import dev.baton.runtime.server.StartException.Kind;
import dev.baton.runtime.vertx.ContextOwners;
import dev.baton.spi.Component;
import dev.baton.spi.ComponentFactory;
import dev.baton.spi.Replacement;
import java.net.BindException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What plugins make of their own sections of a configuration: made with the server, started in the configuration's
 * order and stopped in the reverse one.
 *
 * <p>Threading: one thread at a time, which is no loop.
 */
final class Components {
    private static final Logger LOG = LoggerFactory.getLogger(Components.class);

    /** How long one may take to start. */
    private static final Duration START_MAX = Duration.ofSeconds(30);

    private final List<Made> made = new ArrayList<>();
    /** Those that run, the last one first. */
    private final Deque<Made> started = new ConcurrentLinkedDeque<>();

    private final Machine machine;
    private final EndSteps steps;

    private record Made(String section, String plugin, Component component) {
        Replacement replacement() {
            return component.replacement();
        }
    }

    /**
     * Makes a component of each section.
     *
     * @param sections each section's name and settings
     * @param problems gets a line for each section that its plugin refuses
     */
    Components(
            PluginRegistry plugins,
            Map<String, Record> sections,
            Machine machine,
            EndSteps steps,
            List<String> problems) {
        this.machine = machine;
        this.steps = steps;
        sections.forEach((section, settings) ->
                make(plugins, section, settings, problems).ifPresent(made::add));
    }

    @SuppressWarnings("unchecked") // the registry keeps a factory and its record together
    private static Optional<Made> make(PluginRegistry plugins, String section, Record settings, List<String> problems) {
        Contribution<ComponentFactory<?>> factory = plugins.get(ExtensionPoint.COMPONENT, section);
        try {
            Component component = ContextOwners.as(
                    factory.plugin(), () -> ((ComponentFactory<Record>) factory.get()).create(settings));
            return Optional.of(new Made(section, factory.plugin(), component));
        } catch (Throwable t) {
            problems.add(refused(section, factory, t));
            return Optional.empty();
        }
    }

    /** The problem that a plugin's refusal to make something is. */
    static String refused(String where, Contribution<?> factory, Throwable cause) {
        LOG.debug("{} of plugin {} threw", factory, factory.plugin(), cause);
        return where + ": plugin " + factory.plugin() + " cannot make it: " + PluginLoader.words(cause);
    }

    /**
     * Starts each.
     *
     * @param stopping asked before each; true leaves the rest out
     * @param said is told what a component says of itself
     * @return false if a stop came between
     * @throws StartException if one cannot start; those before it run
     */
    boolean start(BooleanSupplier stopping, Consumer<String> said) throws StartException {
        for (Made each : made) {
            if (stopping.getAsBoolean()) {
                return false;
            }
            String line = start(each);
            started.push(each);
            if (!line.isEmpty()) {
                said.accept(line);
            }
        }
        return true;
    }

    private String start(Made each) throws StartException {
        String section = each.section();
        try {
            return machine.await(ContextOwners.as(each.plugin(), each.component()::start), START_MAX);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof BindException bind) {
                throw new StartException(Kind.CANNOT_BIND, String.valueOf(bind.getMessage()), e);
            }
            throw new StartException(Kind.FAILED, "cannot start " + section + ": " + e.getCause(), e);
        } catch (TimeoutException e) {
            throw new StartException(
                    Kind.FAILED, section + " has not started within " + START_MAX.toSeconds() + " s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StartException(Kind.FAILED, "interrupted while " + section + " started", e);
        } catch (Throwable t) {
            throw new StartException(Kind.FAILED, "cannot start " + section + ": " + t, t);
        }
    }

    /** Stops those that run. */
    void end() {
        while (!started.isEmpty()) {
            stop(started.pop());
        }
    }

    private void stop(Made each) {
        try {
            steps.make("stopping " + each.section(), () -> ContextOwners.as(each.plugin(), each.component()::stop));
        } catch (Throwable t) {
            LOG.warn("{} cannot be stopped", each.section(), t);
        }
    }

    // ---- another version of a plugin --------------------------------------------------------------------------------

    /** The sections of a plugin whose component cannot be replaced while the process runs. */
    List<String> irreplaceable(String plugin) {
        return made.stream()
                .filter(each -> each.plugin().equals(plugin) && each.replacement() == Replacement.NEVER)
                .map(Made::section)
                .toList();
    }

    /**
     * Makes what another version of a plugin makes of its sections; starts nothing.
     *
     * @param plugin the one that is reloaded
     * @param before contributes the version that is in use
     * @param settingsBefore of the version that is in use, to make those once more that have to stop first
     * @param next contributes the new version
     * @param settings each section's name and settings
     * @param problems gets a line for each section that the plugin refuses
     */
    Change change(
            String plugin,
            PluginRegistry before,
            Map<String, Record> settingsBefore,
            PluginRegistry next,
            Map<String, Record> settings,
            List<String> problems) {
        Change change = new Change(before, settingsBefore);
        made.stream().filter(each -> each.plugin().equals(plugin)).forEach(change.old::add);
        settings.forEach((section, keys) -> {
            if (next.get(ExtensionPoint.COMPONENT, section).plugin().equals(plugin)) {
                make(next, section, keys, problems).ifPresent(change.fresh::add);
            }
        });
        return change;
    }

    /** Components of another version of a plugin, in the place of those that run. */
    final class Change {
        private final PluginRegistry before;
        private final Map<String, Record> settingsBefore;
        private final List<Made> old = new ArrayList<>();
        private final List<Made> fresh = new ArrayList<>();
        private final Deque<Made> running = new ArrayDeque<>();
        private final Deque<Made> stopped = new ArrayDeque<>();

        private Change(PluginRegistry before, Map<String, Record> settingsBefore) {
            this.before = before;
            this.settingsBefore = settingsBefore;
        }

        /**
         * Starts the new ones; stops those before that have to be stopped first.
         *
         * @throws StartException if one cannot start; {@link #revert} has to follow
         */
        void begin() throws StartException {
            List<Made> first = new ArrayList<>(old);
            Collections.reverse(first);
            for (Made each : first) {
                if (each.replacement() == Replacement.OLD_FIRST && started.remove(each)) {
                    stopped.push(each);
                    Components.this.stop(each);
                }
            }
            for (Made each : fresh) {
                Components.this.start(each);
                running.push(each);
            }
        }

        /** The new ones stop, and others run in the place of those that had to be stopped. */
        void revert() {
            while (!running.isEmpty()) {
                Components.this.stop(running.pop());
            }
            List<String> problems = new ArrayList<>();
            while (!stopped.isEmpty()) {
                Made each = stopped.pop();
                make(before, each.section(), Objects.requireNonNull(settingsBefore.get(each.section())), problems)
                        .ifPresent(again -> {
                            made.set(made.indexOf(each), again);
                            try {
                                Components.this.start(again);
                                started.push(again);
                            } catch (StartException e) {
                                problems.add(String.valueOf(e.getMessage()));
                            }
                        });
            }
            problems.forEach(each -> LOG.error("{}: it was stopped for a reload, and does not run now", each));
        }

        /** The new ones are those of the process from here on. */
        void commit() {
            made.removeAll(old);
            made.addAll(fresh);
            while (!running.isEmpty()) {
                started.push(running.removeLast());
            }
        }

        /** Stops the old ones that still run. */
        void end() {
            List<Made> last = new ArrayList<>(old);
            Collections.reverse(last);
            for (Made each : last) {
                if (started.remove(each)) {
                    Components.this.stop(each);
                }
            }
        }
    }
}
