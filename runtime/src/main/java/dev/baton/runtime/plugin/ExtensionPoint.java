package dev.baton.runtime.plugin;

import dev.baton.runtime.config.RecordShape;
import dev.baton.runtime.config.ServiceConfig;
import dev.baton.spi.ComponentFactory;
import dev.baton.spi.Configured;
import dev.baton.spi.admin.AdminAction;
import dev.baton.spi.admin.AdminView;
import dev.baton.spi.fd.FdHook;
import dev.baton.spi.filter.ConnectionFilter;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpFilterOptions;
import dev.baton.spi.http.HttpHandler;
import dev.baton.spi.listener.ListenerKind;
import dev.baton.spi.listener.UnbindStrategy;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.pool.TakeoverPolicy;
import dev.baton.spi.service.ServiceFactory;
import dev.baton.spi.upstream.Balancer;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * One kind of thing that plugins contribute, each under a name: one of the constants here.
 *
 * @param <T> what is contributed, or what makes it
 */
@SuppressWarnings("UnusedTypeParameter") // it is what the constants are for
public final class ExtensionPoint<T> {
    /** A word of the configuration. */
    private static final Pattern WORD = Pattern.compile("[a-z][a-z0-9-]{0,62}");
    /** A path of the admin API: words with slashes between them. */
    private static final Pattern PATH = Pattern.compile("[a-z][a-z0-9-]{0,62}(/[a-z0-9-]{1,62}){0,4}");

    /** The key that says which of several is meant. */
    public static final String TYPE = "type";

    /** Ways of polling. */
    public static final ExtensionPoint<PollerProvider> POLLER = new ExtensionPoint<>("poller", WORD, Set.of());
    /** Kinds of listening sockets. */
    public static final ExtensionPoint<Configured<?, ? extends ListenerKind>> LISTENER =
            new ExtensionPoint<>("listener", WORD, Set.of(TYPE));
    /** Witnesses of every fd's life. */
    public static final ExtensionPoint<Configured<?, ? extends FdHook>> FD_HOOK =
            new ExtensionPoint<>("fd-hook", WORD, Set.of());
    /** Ways to unbind listeners. */
    public static final ExtensionPoint<Configured<?, ? extends UnbindStrategy>> UNBIND_STRATEGY =
            new ExtensionPoint<>("unbind-strategy", WORD, Set.of(TYPE));
    /** Ways to keep and share idle upstream connections. */
    public static final ExtensionPoint<Configured<?, ? extends TakeoverPolicy>> TAKEOVER_POLICY =
            new ExtensionPoint<>("takeover-policy", WORD, Set.of(TYPE));
    /** Ways to choose the server of each request. */
    public static final ExtensionPoint<Configured<?, ? extends Balancer>> BALANCER =
            new ExtensionPoint<>("balancer", WORD, Set.of(TYPE));
    /** What decides about accepted connections. */
    public static final ExtensionPoint<Configured<?, ? extends ConnectionFilter>> CONNECTION_FILTER =
            new ExtensionPoint<>("connection-filter", WORD, Set.of(TYPE));
    /** What stands in the way of HTTP requests. */
    public static final ExtensionPoint<Configured<?, ? extends HttpFilter>> HTTP_FILTER =
            new ExtensionPoint<>("http-filter", WORD, RecordShape.withKeys(HttpFilterOptions.class, TYPE));
    /** What answers HTTP requests. */
    public static final ExtensionPoint<Configured<?, ? extends HttpHandler>> HTTP_HANDLER =
            new ExtensionPoint<>("http-handler", WORD, RecordShape.withKeys(HttpFilterOptions.class, TYPE));
    /** Types of services. */
    public static final ExtensionPoint<ServiceFactory<?>> SERVICE =
            new ExtensionPoint<>("service", WORD, ServiceConfig.ownKeys());
    /** What starts and stops with the process, by its section of the configuration. */
    public static final ExtensionPoint<ComponentFactory<?>> COMPONENT =
            new ExtensionPoint<>("component", WORD, Set.of());
    /** Tables of the admin API. */
    public static final ExtensionPoint<AdminView> ADMIN_VIEW = new ExtensionPoint<>("admin-view", PATH, Set.of());
    /** What operators can ask for. */
    public static final ExtensionPoint<AdminAction<?>> ADMIN_ACTION =
            new ExtensionPoint<>("admin-action", PATH, Set.of());

    /** All of them, in the order in which they are shown. */
    static final List<ExtensionPoint<?>> ALL = List.of(
            POLLER,
            LISTENER,
            FD_HOOK,
            UNBIND_STRATEGY,
            TAKEOVER_POLICY,
            BALANCER,
            CONNECTION_FILTER,
            HTTP_FILTER,
            HTTP_HANDLER,
            SERVICE,
            COMPONENT,
            ADMIN_VIEW,
            ADMIN_ACTION);

    private final String noun;
    private final Pattern named;
    private final Set<String> reserved;

    private ExtensionPoint(String noun, Pattern named, Set<String> reserved) {
        this.noun = noun;
        this.named = named;
        this.reserved = reserved;
    }

    /** The form of its names. */
    Pattern named() {
        return named;
    }

    /** Keys that its records cannot have, because they have a meaning where they stand. */
    Set<String> reserved() {
        return reserved;
    }

    /** What a person calls it: {@code unbind-strategy}. */
    @Override
    public String toString() {
        return noun;
    }
}
