package dev.baton.runtime.launcher;

import dev.baton.runtime.config.ConfigException;
import dev.baton.runtime.config.ConfigReader;
import dev.baton.runtime.config.NamedListener;
import dev.baton.runtime.config.Problem;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.plugin.PluginRegistry;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.ListenerResult.Outcome;
import dev.baton.spi.listener.ListenerState;
import dev.baton.spi.listener.UnbindStrategy;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
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

    ListenerChanges(
            BoundListeners listeners,
            ListenerMaker maker,
            PluginRegistry plugins,
            Collection<String> services,
            Consumer<SharedListener> settle,
            Executor worker,
            BooleanSupplier stopping) {
        this.listeners = listeners;
        this.maker = maker;
        this.plugins = plugins;
        this.services = services;
        this.settle = settle;
        this.worker = worker;
        this.stopping = stopping;
    }

    /** See {@link dev.baton.spi.admin.RuntimeControl#addListener}. */
    CompletionStage<ListenerResult> add(String text) {
        NamedListener wanted;
        try {
            wanted = ConfigReader.listener(text, plugins, services, maker.loopIds());
        } catch (ConfigException wrong) {
            throw new IllegalArgumentException(
                    wrong.problems().stream().map(Problem::message).collect(Collectors.joining("; ")), wrong);
        }
        try {
            return CompletableFuture.supplyAsync(() -> open(wanted), worker);
        } catch (RejectedExecutionException ended) {
            LOG.debug("no listener is added any more", ended);
            return CompletableFuture.completedStage(draining(wanted.name()));
        }
    }

    private ListenerResult open(NamedListener wanted) {
        String name = wanted.name();
        if (stopping.getAsBoolean()) {
            return draining(name);
        }
        SharedListener listener = maker.make(name, wanted.config());
        if (!listeners.add(listener)) {
            return new ListenerResult(name, Outcome.FAILED, "there is a listener of this name already");
        }
        settle.accept(listener); // loops may have come or gone since it was made
        try {
            listener.open();
        } catch (IOException | IllegalStateException e) {
            listeners.remove(listener);
            return new ListenerResult(name, Outcome.FAILED, String.valueOf(e.getMessage()));
        }
        listener.start();
        // After the add: a stop that has not seen it is seen here.
        if (stopping.getAsBoolean()) {
            listener.unbind(Duration.ZERO);
            return draining(name);
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

    /** See {@link dev.baton.spi.admin.RuntimeControl#unbindListener}. */
    CompletionStage<ListenerResult> unbind(String name, Duration grace, Optional<String> strategy, boolean forget) {
        SharedListener listener = listeners.find(name);
        if (listener == null) {
            throw new IllegalArgumentException("no listener \"" + name + "\"");
        }
        UnbindStrategy by = listener.spec().unbind();
        if (strategy.isPresent()) {
            if (!plugins.unbindStrategies().contains(strategy.get())) {
                throw new IllegalArgumentException("there is no unbind strategy '" + strategy.get() + "'; there are "
                        + String.join(", ", plugins.unbindStrategies()));
            }
            by = plugins.unbindStrategy(strategy.get()).get();
        }
        return listener.unbind(grace, by).thenApply(result -> {
            if (forget && listener.state() == ListenerState.STOPPED) {
                listeners.remove(listener);
            }
            return result;
        });
    }
}
