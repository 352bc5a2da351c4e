package dev.baton.runtime.server;

import dev.baton.runtime.plugin.Contribution;
import dev.baton.runtime.plugin.ExtensionPoint;
import dev.baton.runtime.plugin.PluginLoader;
import dev.baton.runtime.plugin.PluginRegistry;
import dev.baton.runtime.server.StartException.Kind;
import dev.baton.runtime.vertx.ContextOwners;
import dev.baton.spi.Component;
import dev.baton.spi.ComponentFactory;
import java.net.BindException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
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
 * <p>Threading: one thread, which is no loop.
 */
final class Components {
    private static final Logger LOG = LoggerFactory.getLogger(Components.class);

    /** How long one may take to start. */
    private static final Duration START_MAX = Duration.ofSeconds(30);

    private final List<Made> made = new ArrayList<>();
    /** Those that run, the last one first. */
    private final Deque<Made> started = new ArrayDeque<>();

    private final Machine machine;
    private final EndSteps steps;

    private record Made(String section, String plugin, Component component) {}

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
        sections.forEach((section, settings) -> make(plugins, section, settings, problems));
    }

    @SuppressWarnings("unchecked") // the registry keeps a factory and its record together
    private void make(PluginRegistry plugins, String section, Record settings, List<String> problems) {
        Contribution<ComponentFactory<?>> factory = plugins.get(ExtensionPoint.COMPONENT, section);
        try {
            Component component = ContextOwners.as(
                    factory.plugin(), () -> ((ComponentFactory<Record>) factory.get()).create(settings));
            made.add(new Made(section, factory.plugin(), component));
        } catch (Throwable t) {
            problems.add(refused(section, factory, t));
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
            Made each = started.pop();
            try {
                steps.make("stopping " + each.section(), () -> ContextOwners.as(each.plugin(), each.component()::stop));
            } catch (Throwable t) {
                LOG.warn("{} cannot be stopped", each.section(), t);
            }
        }
    }
}
