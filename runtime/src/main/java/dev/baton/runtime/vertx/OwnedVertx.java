package dev.baton.runtime.vertx;

import io.netty.channel.EventLoop;
import io.vertx.core.Deployable;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.ThreadingModel;
import io.vertx.core.Vertx;
import io.vertx.core.datagram.DatagramSocket;
import io.vertx.core.datagram.DatagramSocketOptions;
import io.vertx.core.dns.DnsClient;
import io.vertx.core.dns.DnsClientOptions;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketClientOptions;
import io.vertx.core.internal.CloseFuture;
import io.vertx.core.internal.ContextBuilder;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.internal.VertxWrapper;
import io.vertx.core.internal.WorkerPool;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The Vert.x that one plugin has injected: the runtime's, which all share, but the contexts that are made through it
 * are the plugin's, and so is its {@code exceptionHandler}. Threading: any.
 */
public final class OwnedVertx extends VertxWrapper {
    private final String plugin;
    private final ContextOwners owners;

    /**
     * Of one plugin.
     *
     * @param shared the runtime's
     * @param owners that of {@code shared}
     */
    public OwnedVertx(Vertx shared, String plugin, ContextOwners owners) {
        super((VertxInternal) shared);
        this.plugin = plugin;
        this.owners = owners;
    }

    private <T> T own(Supplier<T> call) {
        return ContextOwners.as(plugin, call);
    }

    @Override
    public ContextInternal getOrCreateContext() {
        return own(delegate::getOrCreateContext);
    }

    @Override
    public ContextBuilder contextBuilder() {
        return new OwnedBuilder(delegate.contextBuilder());
    }

    @Override
    public long setTimer(long delay, Handler<Long> handler) {
        return own(() -> delegate.setTimer(delay, handler));
    }

    @Override
    public long setPeriodic(long initialDelay, long delay, Handler<Long> handler) {
        return own(() -> delegate.setPeriodic(initialDelay, delay, handler));
    }

    @Override
    public Future<String> deployVerticle(Supplier<? extends Deployable> supplier, DeploymentOptions options) {
        return own(() -> delegate.deployVerticle(supplier, options));
    }

    @Override
    public Future<String> deployVerticle(Class<? extends Deployable> type, DeploymentOptions options) {
        return own(() -> delegate.deployVerticle(type, options));
    }

    @Override
    public Future<String> deployVerticle(String name, DeploymentOptions options) {
        return own(() -> delegate.deployVerticle(name, options));
    }

    @Override
    public DatagramSocket createDatagramSocket(DatagramSocketOptions options) {
        return own(() -> delegate.createDatagramSocket(options));
    }

    @Override
    public DnsClient createDnsClient(int port, String host) {
        return own(() -> delegate.createDnsClient(port, host));
    }

    @Override
    public DnsClient createDnsClient() {
        return own(delegate::createDnsClient);
    }

    @Override
    public DnsClient createDnsClient(DnsClientOptions options) {
        return own(() -> delegate.createDnsClient(options));
    }

    @Override
    public WebSocketClient createWebSocketClient(WebSocketClientOptions options) {
        return own(() -> delegate.createWebSocketClient(options));
    }

    /** Makes a context of the plugin's. */
    private final class OwnedBuilder implements ContextBuilder {
        private final ContextBuilder builder;

        OwnedBuilder(ContextBuilder builder) {
            this.builder = builder;
        }

        @Override
        public ContextBuilder withThreadingModel(ThreadingModel model) {
            builder.withThreadingModel(model);
            return this;
        }

        @Override
        public ContextBuilder withEventLoop(EventLoop loop) {
            builder.withEventLoop(loop);
            return this;
        }

        @Override
        public ContextBuilder withClassLoader(ClassLoader loader) {
            builder.withClassLoader(loader);
            return this;
        }

        @Override
        public ContextBuilder withCloseFuture(CloseFuture closing) {
            builder.withCloseFuture(closing);
            return this;
        }

        @Override
        public ContextBuilder withWorkerPool(WorkerPool workers) {
            builder.withWorkerPool(workers);
            return this;
        }

        @Override
        public ContextInternal build() {
            return own(builder::build);
        }
    }

    /** For what is thrown in this plugin's contexts, not in those of others. */
    @Override
    public Vertx exceptionHandler(@Nullable Handler<Throwable> handler) {
        owners.of(plugin).instead(handler);
        return this;
    }

    @Override
    public @Nullable Handler<Throwable> exceptionHandler() {
        return owners.of(plugin).instead();
    }
}
