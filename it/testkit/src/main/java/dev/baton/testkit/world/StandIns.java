package dev.baton.testkit.world;

import dev.baton.runtime.plugin.PluginLoader;
import dev.baton.runtime.plugin.PluginRegistry;
import dev.baton.runtime.upstream.InTurn;
import dev.baton.spi.Component;
import dev.baton.spi.ComponentFactory;
import dev.baton.spi.Configured;
import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.admin.ListenerSnapshot;
import dev.baton.spi.admin.RuntimeView;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.UnbindStrategy;
import dev.baton.spi.listener.Unbinding;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.poller.Poller;
import dev.baton.spi.poller.PollerContext;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.pool.IdlePool;
import dev.baton.spi.pool.PoolFigures;
import dev.baton.spi.pool.PoolSpec;
import dev.baton.spi.pool.TakeoverPolicy;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.service.ServiceFactory;
import dev.baton.spi.upstream.Balancer;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import jakarta.inject.Inject;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The plugins of the kit itself: its own hook and window, and what stands in for what the plugins under test do not
 * bring.
 */
final class StandIns {
    /** The plugin with the hook and the window. */
    static final String KIT = "testkit";

    private static final String BIND = "127.0.0.1:0";
    private static final String DRAIN = "drain";
    private static final String TAKEOVER = "takeover";
    private static final String BALANCE = "round-robin";

    private StandIns() {}

    /** Is told of every fd, looks into the server, and has an echo for tests of plugins that bring no service. */
    static final class Kit implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.fdHook("testkit", FdAccount.class);
            binder.adminView("testkit", Window.class);
            binder.service("testkit-echo", NoKeys.class, EchoFactory.class);
        }
    }

    /** Keys of a service that has none. */
    record NoKeys() {}

    /** Makes services that send back what they get. */
    static final class EchoFactory implements ServiceFactory<NoKeys> {
        @Override
        public Service create(String name, NoKeys config, ServiceContext context) {
            return (connection, listener) -> connection.pipeline().addLast(new Echo());
        }
    }

    private static final class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            context.writeAndFlush(message);
        }
    }

    /** Loads what is missing, and a component that starts last. */
    static void fill(PluginLoader loader) {
        loader.loadEmbedded("testkit-started", Last.class);
        PluginRegistry there = loader.registry();
        if (there.pollers().isEmpty()) {
            loader.loadEmbedded("testkit-poller", Polling.class);
        }
        if (!there.hasListenerKind(BIND)) {
            loader.loadEmbedded("testkit-listener", Listening.class);
        }
        if (!there.unbindStrategies().containsKey(DRAIN)) {
            loader.loadEmbedded("testkit-unbind", Unbinds.class);
        }
        if (!there.takeoverPolicies().containsKey(TAKEOVER)) {
            loader.loadEmbedded("testkit-takeover", Takes.class);
        }
        if (!there.balancers().containsKey(BALANCE)) {
            loader.loadEmbedded("testkit-balancer", Balances.class);
        }
    }

    static final class Last implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.component("testkit-started", NoKeys.class, LastFactory.class);
        }
    }

    /** Makes a component that says how many connections have been accepted by the time when all others have started. */
    static final class LastFactory implements ComponentFactory<NoKeys> {
        /** In front of the number. */
        static final String SAYS = "testkit: accepted before all had started ";

        private final RuntimeView view;

        @Inject
        LastFactory(RuntimeView view) {
            this.view = view;
        }

        @Override
        public Component create(NoKeys config) {
            return new Component() {
                @Override
                public CompletionStage<String> start() {
                    return CompletableFuture.completedFuture(SAYS
                            + view.listeners().stream()
                                    .mapToLong(ListenerSnapshot::accepted)
                                    .sum());
                }

                @Override
                public CompletionStage<Void> stop() {
                    return CompletableFuture.completedFuture(null);
                }
            };
        }
    }

    static final class Polling implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.poller("plain", PlainPollers.class);
        }
    }

    static final class Listening implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.listener("loopback", LoopbackKind.class);
        }
    }

    static final class Unbinds implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.unbindStrategy(DRAIN, Drain.class);
        }
    }

    static final class Takes implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.takeoverPolicy(TAKEOVER, KeepsNothing.class);
        }
    }

    static final class Balances implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.balancer(BALANCE, NoKeys.class, InTurns.class);
        }
    }

    /** Chooses each server in its turn. */
    static final class InTurns implements Configured<NoKeys, Balancer> {
        @Override
        public Balancer create(NoKeys config) {
            return new InTurn();
        }
    }

    /** The pollers of {@link PlainPoller}. */
    static final class PlainPollers implements PollerProvider {
        @Override
        public int preference() {
            return 0;
        }

        @Override
        public Optional<String> unavailable() {
            return Optional.empty();
        }

        @Override
        public Poller open(PollerContext context) throws IOException {
            return PlainPoller.open(context);
        }
    }

    /** The fd goes, the connections may go on within the grace time, then they are closed. */
    static final class Drain implements UnbindStrategy {
        @Override
        public CompletionStage<ListenerResult> unbind(Unbinding unbinding) {
            CompletionStage<Void> free = unbinding.deleteFd();
            unbinding.drainConnections();
            CompletionStage<Integer> cut = unbinding
                    .connectionsEnded(unbinding.grace())
                    .thenApply(left -> left == 0 ? 0 : unbinding.closeConnections());
            return free.thenCombine(
                    cut,
                    (nothing, closed) -> new ListenerResult(
                            unbinding.listener().name(), unbinding.outcome(), closed + " connections were closed"));
        }
    }

    /** Each connection serves one exchange. */
    static final class KeepsNothing implements TakeoverPolicy {
        @Override
        public IdlePool open(PoolSpec spec) {
            return new Nothing();
        }
    }

    private static final class Nothing implements IdlePool {
        @Override
        public @Nullable MovableChannel take(Loop loop) {
            return null;
        }

        @Override
        public boolean put(Loop loop, MovableChannel connection) {
            return false;
        }

        @Override
        public void remove(MovableChannel connection) {}

        @Override
        public void close() {}

        @Override
        public PoolFigures figures() {
            return new PoolFigures(0, 0, 0, 0);
        }
    }
}
