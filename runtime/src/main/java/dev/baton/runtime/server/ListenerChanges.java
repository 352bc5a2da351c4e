package dev.baton.runtime.server;

import dev.baton.runtime.config.ConfigException;
import dev.baton.runtime.config.ConfigReader;
import dev.baton.runtime.config.NamedListener;
import dev.baton.runtime.config.Problem;
import dev.baton.runtime.config.Variant;
import dev.baton.runtime.listener.BoundListeners;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.plugin.ExtensionPoint;
import dev.baton.runtime.plugin.PluginRegistry;
import dev.baton.runtime.upgrade.HandedListener;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.ListenerResult.Outcome;
import dev.baton.spi.listener.ListenerState;
import dev.baton.spi.listener.UnbindStrategy;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an operator changes about the listeners of a running process.
 *
 * <p>Threading: any thread. A listener is opened on the worker, because a name may have to be resolved.
 */
final class ListenerChanges {
    private static final Logger LOG = LoggerFactory.getLogger(ListenerChanges.class);

    private final BoundListeners listeners;
    private final ListenerMaker maker;
    private final PluginRegistry plugins;
    private final Collection<String> services;
    private final Consumer<SharedListener> settle;
    private final Executor worker;
    private final BooleanSupplier stopping;
    private final BooleanSupplier handingOver;
    /** Held while one is added: no plugin may be replaced meanwhile. */
    private final ReentrantLock changing;

    /**
     * No changes yet.
     *
     * @param settle brings a listener in line with the loops
     * @param stopping whether the process ends
     * @param handingOver whether another process is being given what there is: what is changed then would be lost
     * @param changing held while one is added, and while a plugin is replaced
     */
    ListenerChanges(
            BoundListeners listeners,
            ListenerMaker maker,
            PluginRegistry plugins,
            Collection<String> services,
            Consumer<SharedListener> settle,
            Executor worker,
            BooleanSupplier stopping,
            BooleanSupplier handingOver,
            ReentrantLock changing) {
        this.listeners = listeners;
        this.maker = maker;
        this.plugins = plugins;
        this.services = services;
        this.settle = settle;
        this.worker = worker;
        this.stopping = stopping;
        this.handingOver = handingOver;
        this.changing = changing;
    }

    /**
     * Adds one that a program has made; else as {@link dev.baton.spi.admin.RuntimeControl#addListener}.
     *
     * @throws IllegalArgumentException with everything that is wrong in it
     */
    CompletionStage<ListenerResult> add(Map<String, ?> keys) {
        try {
            return add(ConfigReader.listener(keys, plugins, services, maker.loopIds()), "");
        } catch (ConfigException wrong) {
            throw new IllegalArgumentException(messages(wrong), wrong);
        }
    }

    /** See {@link dev.baton.spi.admin.RuntimeControl#addListener}. */
    CompletionStage<ListenerResult> add(String text) {
        return add(read(text), text);
    }

    private CompletionStage<ListenerResult> add(NamedListener wanted, String text) {
        try {
            return CompletableFuture.supplyAsync(() -> open(wanted, text), worker);
        } catch (RejectedExecutionException ended) {
            LOG.debug("no listener can be added now", ended);
            return CompletableFuture.completedStage(draining(wanted.name()));
        }
    }

    private NamedListener read(String text) {
        int bytes = text.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > HandedListener.TEXT_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "it has " + bytes + " bytes; an upgrade takes a listener along whose text has "
                            + HandedListener.TEXT_BYTES_MAX + " at most");
        }
        try {
            return ConfigReader.listener(text, plugins, services, maker.loopIds());
        } catch (ConfigException wrong) {
            throw new IllegalArgumentException(messages(wrong), wrong);
        }
    }

    private static String messages(ConfigException wrong) {
        return wrong.problems().stream().map(Problem::message).collect(Collectors.joining("; "));
    }

    /**
     * A listener that was added to the process before continues here: not opened yet, but one of this process's. Its
     * text is checked as that of a new one is.
     *
     * @throws IllegalArgumentException if it cannot, with the reason
     */
    SharedListener carryOver(HandedListener handed) {
        NamedListener wanted = read(handed.text());
        if (!wanted.name().equals(handed.name())) {
            throw new IllegalArgumentException("its text is of a listener " + wanted.name());
        }
        SharedListener listener = maker.make(wanted.name(), wanted.config());
        if (!listeners.add(listener, handed.text())) {
            throw new IllegalArgumentException("the configuration has another one of this name");
        }
        listeners.opened(listener); // nothing hands this process over before it serves
        settle.accept(listener);
        return listener;
    }

    private ListenerResult open(NamedListener wanted, String text) {
        changing.lock();
        try {
            return openNow(wanted, text);
        } finally {
            changing.unlock();
        }
    }

    private ListenerResult openNow(NamedListener wanted, String text) {
        String name = wanted.name();
        if (stopping.getAsBoolean()) {
            return draining(name);
        } else if (handingOver.getAsBoolean()) {
            return upgrading(name);
        }
        SharedListener listener;
        try {
            listener = maker.make(name, wanted.config());
        } catch (IllegalArgumentException refused) { // by one of its plugins
            return new ListenerResult(name, Outcome.FAILED, String.valueOf(refused.getMessage()));
        }
        if (!listeners.add(listener, text)) {
            return new ListenerResult(name, Outcome.FAILED, "there is a listener of this name already");
        }
        boolean serves = false;
        try {
            settle.accept(listener); // loops may have come or gone since it was made
            listener.open();
            listener.start();
            if (stopping.getAsBoolean()) { // after the add: a stop that has not seen it is seen here
                return draining(name);
            }
            // After the add as well: a handover is announced before it looks. If it says so only now, it will
            // look, and finds a listener of this process.
            if (handingOver.getAsBoolean() || !listeners.opened(listener)) {
                return upgrading(name);
            }
            serves = true;
        } catch (IOException | IllegalStateException e) {
            return new ListenerResult(name, Outcome.FAILED, String.valueOf(e.getMessage()));
        } finally {
            if (!serves) { // also where the kind, a plugin's, throws something else
                listeners.remove(listener);
                if (listener.state() != ListenerState.NEW) {
                    listener.unbind(Duration.ZERO);
                }
            }
        }
        String service = wanted.config().service();
        return new ListenerResult(
                name,
                Outcome.ADDED,
                "listens on " + listener.address() + " (" + maker.serviceType(service) + " " + service + ")");
    }

    private static ListenerResult draining(String name) {
        return new ListenerResult(name, Outcome.FAILED, "the process is draining");
    }

    private static ListenerResult upgrading(String name) {
        return new ListenerResult(name, Outcome.FAILED, "an upgrade is handing over the listeners: try again after it");
    }

    /** See {@link dev.baton.spi.admin.RuntimeControl#unbindListener}. */
    CompletionStage<ListenerResult> unbind(String name, Duration grace, Optional<String> strategy, boolean forget) {
        SharedListener listener = listeners.find(name);
        if (listener == null) {
            throw new IllegalArgumentException("no listener \"" + name + "\"");
        }
        UnbindStrategy by = listener.spec().unbind();
        if (strategy.isPresent()) {
            Variant asked;
            try {
                asked = ConfigReader.unbindStrategy(strategy.get(), plugins);
            } catch (ConfigException wrong) {
                throw new IllegalArgumentException(messages(wrong), wrong);
            }
            by = plugins.make(ExtensionPoint.UNBIND_STRATEGY, asked);
        }
        boolean ending = listeners.ending(listener);
        if (!ending && !stopping.getAsBoolean()) {
            return CompletableFuture.completedStage(
                    handingOver.getAsBoolean()
                            ? upgrading(name)
                            : new ListenerResult(name, Outcome.FAILED, "it is not opened yet: try again"));
        }
        return listener.unbind(grace, by).thenApply(result -> {
            boolean stopped = listener.state() == ListenerState.STOPPED;
            if (ending && !stopped) {
                listeners.goesOn(listener);
            } else if (forget && stopped) {
                listeners.remove(listener);
            }
            return result;
        });
    }
}
