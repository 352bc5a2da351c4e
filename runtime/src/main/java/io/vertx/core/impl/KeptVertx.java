package io.vertx.core.impl;

import io.vertx.core.Future;
import io.vertx.core.ThreadingModel;
import io.vertx.core.VertxOptions;
import io.vertx.core.internal.CloseFuture;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.EventExecutor;
import io.vertx.core.internal.WorkerPool;
import io.vertx.core.spi.transport.Transport;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/**
 * A Vert.x that can be shared with code which must not end it. A wrapper is not enough: each context leads to the
 * Vert.x behind it, and with it each verticle, so the one behind has to refuse. Vert.x's own class can be extended in
 * its package only, which is why this one is here.
 *
 * <p>Threading: any.
 */
@NullMarked
public final class KeptVertx extends VertxImpl {
    private final AtomicBoolean kept = new AtomicBoolean();
    /** Null as long as Vert.x makes its own parts. */
    private final @Nullable Consumer<ContextInternal> created;

    private KeptVertx(VertxBootstrapImpl parts, Consumer<ContextInternal> created) {
        super(
                parts.options(),
                null,
                null,
                parts.metrics(),
                parts.tracer(),
                parts.transport(),
                null,
                parts.fileResolver(),
                parts.threadFactory(),
                parts.executorServiceFactory(),
                parts.eventExecutorProvider(),
                false);
        this.created = created;
    }

    /**
     * As {@code Vertx.builder().with(options).withTransport(transport).build()} does it.
     *
     * @param created is given each context when it has been made, by the thread that makes it
     * @return one that {@link #close} ends, until it is kept
     */
    public static KeptVertx start(VertxOptions options, Transport transport, Consumer<ContextInternal> created) {
        VertxBootstrapImpl parts = new VertxBootstrapImpl();
        parts.options(options);
        parts.transport(transport);
        parts.init();
        KeptVertx vertx = new KeptVertx(parts, created);
        vertx.init(parts.verticleFactories());
        return vertx;
    }

    /**
     * From here on {@link #close} fails.
     *
     * @return the only way to end it
     * @throws IllegalStateException if somebody has that way already
     */
    public Supplier<Future<Void>> keep() {
        if (!kept.compareAndSet(false, true)) {
            throw new IllegalStateException("this Vertx is kept already, by the one who ends it");
        }
        return super::close;
    }

    /** The one way in which contexts are made. */
    @Override
    public ContextImpl createContext(
            ThreadingModel model,
            EventLoopExecutor loop,
            EventExecutor executor,
            WorkerPool workers,
            CloseFuture closing,
            @Nullable String deployment,
            @Nullable ClassLoader loader) {
        ContextImpl made = super.createContext(model, loop, executor, workers, closing, deployment, loader);
        Consumer<ContextInternal> told = created;
        if (told != null) {
            told.accept(made);
        }
        return made;
    }

    @Override
    public synchronized Future<Void> close() {
        if (!kept.get()) {
            return super.close();
        }
        return Future.failedFuture(new UnsupportedOperationException(
                "a plugin cannot close the runtime's Vertx, which others use too: close what the plugin has opened"
                        + " (servers, clients, timers), or undeploy its verticles"));
    }
}
