package dev.baton.runtime.vertx;

import dev.baton.runtime.fd.PluginFailures;
import dev.baton.runtime.loop.BatonLoop;
import io.vertx.core.Context;
import io.vertx.core.Handler;
import io.vertx.core.internal.ContextInternal;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whose code runs in which contexts of a Vert.x that plugins share: what a context's handlers throw is logged with that
 * plugin and counted for it.
 *
 * <p>A context belongs to the plugin whose code makes it. That is, in this order: the one on whose behalf the runtime
 * or its {@link OwnedVertx} calls; the one whose context the code runs in; the one whose class is innermost on the
 * stack, which its class loader tells. The contexts that Vert.x makes for itself belong to none.
 *
 * <p>Thread-safe.
 */
public final class ContextOwners {
    private static final Logger LOG = LoggerFactory.getLogger(ContextOwners.class);

    private static final StackWalker STACK = StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE);
    private static final ThreadLocal<@Nullable String> CALLER = new ThreadLocal<>();

    private final PluginFailures failures;
    private final Map<String, Owner> owners = new ConcurrentHashMap<>();
    private final Owner nobody = new Owner("");

    /** @param failures is told what they throw */
    public ContextOwners(PluginFailures failures) {
        this.failures = failures;
    }

    /** Calls code of a plugin, or on its behalf: contexts that this makes are the plugin's. */
    public static <T> T as(String plugin, Supplier<T> code) {
        String before = CALLER.get();
        CALLER.set(plugin);
        try {
            return code.get();
        } finally {
            if (before == null) {
                CALLER.remove();
            } else {
                CALLER.set(before);
            }
        }
    }

    /** A context has just been made. */
    void created(ContextInternal context) {
        context.exceptionHandler(owner());
        if (context.nettyEventLoop() instanceof BatonLoop loop) {
            loop.bind();
        }
    }

    /** Id of the plugin that a context belongs to; empty if it is not known. */
    static String ownerOf(ContextInternal context) {
        return context.exceptionHandler() instanceof Owner owner ? owner.plugin : "";
    }

    private Owner owner() {
        String caller = CALLER.get();
        if (caller != null) {
            return of(caller);
        }
        Context current = ContextInternal.current();
        if (current != null && ((ContextInternal) current).exceptionHandler() instanceof Owner owner) {
            return owner;
        }
        String plugin = STACK.walk(frames -> PluginFailures.nearest(
                frames.map(frame -> frame.getDeclaringClass().getClassLoader())
                        .map(loader -> loader == null ? null : loader.getName())));
        return plugin.isEmpty() ? nobody : of(plugin);
    }

    /** The contexts of a plugin. */
    Owner of(String plugin) {
        return owners.computeIfAbsent(plugin, Owner::new);
    }

    /** Forgets what a version of a plugin has set that is not in use any longer. */
    public void forgetCodeOf(String plugin, ClassLoader loader) {
        Owner owner = of(plugin);
        Handler<Throwable> own = owner.instead();
        if (own != null && own.getClass().getClassLoader() == loader) {
            owner.instead(null);
        }
    }

    /**
     * Is told what the handlers of a plugin's contexts throw, unless the plugin has set another handler at the context.
     */
    final class Owner implements Handler<Throwable> {
        private final String plugin;
        /** The plugin's own, for all of its contexts; null if it has none. */
        private volatile @Nullable Handler<Throwable> instead;

        private Owner(String plugin) {
            this.plugin = plugin;
        }

        /** What the plugin has set for all of its contexts; null for nothing. */
        @Nullable
        Handler<Throwable> instead() {
            return instead;
        }

        void instead(@Nullable Handler<Throwable> handler) {
            instead = handler;
        }

        @Override
        public void handle(Throwable thrown) {
            Handler<Throwable> own = instead;
            if (own == null) {
                failed(thrown);
                return;
            }
            try {
                own.handle(thrown);
            } catch (Throwable again) {
                failed(again);
            }
        }

        private void failed(Throwable thrown) {
            String whose = plugin.isEmpty() ? PluginFailures.nearest(thrown) : plugin;
            if (whose.isEmpty()) {
                LOG.error("a callback in a context of Vert.x threw", thrown);
                return;
            }
            LOG.error("a callback of plugin {} threw in a context of its Vertx", whose, thrown);
            failures.failed(whose, thrown);
        }
    }
}
