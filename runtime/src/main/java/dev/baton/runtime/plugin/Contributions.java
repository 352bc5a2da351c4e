package dev.baton.runtime.plugin;

import com.google.inject.Binder;
import dev.baton.runtime.config.ConfigReader;
import dev.baton.runtime.config.NoKeys;
import dev.baton.runtime.config.RecordShape;
import dev.baton.spi.ComponentFactory;
import dev.baton.spi.Configured;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.admin.AdminAction;
import dev.baton.spi.admin.AdminView;
import dev.baton.spi.fd.FdHook;
import dev.baton.spi.filter.ConnectionFilter;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpHandler;
import dev.baton.spi.listener.ListenerKind;
import dev.baton.spi.listener.UnbindStrategy;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.pool.TakeoverPolicy;
import dev.baton.spi.service.ServiceFactory;
import dev.baton.spi.upstream.Balancer;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Collects what one plugin contributes. One thread does; the instances may be asked for by any. */
final class Contributions implements PluginBinder {
    private final String plugin;
    private final boolean thorough;
    private final Set<Class<?>> bound = new LinkedHashSet<>();
    private final List<Contribution<?>> all = new ArrayList<>();
    private @Nullable Binder guice;
    private @Nullable Instances instances;

    /**
     * Makes an empty collection.
     *
     * @param plugin the plugin's id
     * @param thorough checks that each record can be bound
     */
    Contributions(String plugin, boolean thorough) {
        this.plugin = plugin;
        this.thorough = thorough;
    }

    /** Whose they are. */
    String plugin() {
        return plugin;
    }

    /** Whether what is wrong with the plugin is to be found when it is loaded. */
    boolean isThorough() {
        return thorough;
    }

    /**
     * Before any contribution; forgets those of an attempt before.
     *
     * @param binder of the module that is being configured, for the plugin's own bindings; null if there is none
     */
    void open(@Nullable Binder binder) {
        guice = binder;
        bound.clear();
        all.clear();
    }

    /** The plugin is configured. Answers what makes the instances, once it knows how. */
    Instances close() {
        guice = null;
        Instances made = new Instances(plugin, bound);
        instances = made;
        return made;
    }

    /** Everything, in the order of the extension points. */
    List<Contribution<?>> all() {
        List<Contribution<?>> sorted = new ArrayList<>();
        for (ExtensionPoint<?> point : ExtensionPoint.ALL) {
            all.stream().filter(each -> each.point().equals(point)).forEach(sorted::add);
        }
        return sorted;
    }

    @Override
    public Binder guice() {
        Binder binder = guice;
        if (instances != null) {
            throw closed();
        } else if (binder == null) {
            throw new NeedsGuice();
        }
        return binder;
    }

    private static IllegalStateException closed() {
        return new IllegalStateException("a PluginBinder is for use inside of Plugin.configure");
    }

    /** The plugin has bindings of its own, and there is no binder. */
    static final class NeedsGuice extends RuntimeException {
        private static final long serialVersionUID = 1;

        NeedsGuice() {
            super(null, null, false, false);
        }
    }

    @Override
    public void poller(String name, Class<? extends PollerProvider> provider) {
        add(ExtensionPoint.POLLER, name, NoKeys.class, provider, made -> made);
    }

    @Override
    public void listener(String name, Class<? extends ListenerKind> kind) {
        add(ExtensionPoint.LISTENER, name, NoKeys.class, kind, made -> (NoKeys none) -> made);
    }

    @Override
    public <C extends Record> void listener(
            String name, Class<C> config, Class<? extends Configured<C, ? extends ListenerKind>> factory) {
        add(ExtensionPoint.LISTENER, name, config, factory, made -> made);
    }

    @Override
    public void fdHook(String name, Class<? extends FdHook> hook) {
        add(ExtensionPoint.FD_HOOK, name, NoKeys.class, hook, made -> (NoKeys none) -> made);
    }

    @Override
    public <C extends Record> void fdHook(
            String name, Class<C> config, Class<? extends Configured<C, ? extends FdHook>> factory) {
        add(ExtensionPoint.FD_HOOK, name, config, factory, made -> made);
    }

    @Override
    public void unbindStrategy(String name, Class<? extends UnbindStrategy> strategy) {
        add(ExtensionPoint.UNBIND_STRATEGY, name, NoKeys.class, strategy, made -> (NoKeys none) -> made);
    }

    @Override
    public <C extends Record> void unbindStrategy(
            String name, Class<C> config, Class<? extends Configured<C, ? extends UnbindStrategy>> factory) {
        add(ExtensionPoint.UNBIND_STRATEGY, name, config, factory, made -> made);
    }

    @Override
    public void takeoverPolicy(String name, Class<? extends TakeoverPolicy> policy) {
        add(ExtensionPoint.TAKEOVER_POLICY, name, NoKeys.class, policy, made -> (NoKeys none) -> made);
    }

    @Override
    public <C extends Record> void takeoverPolicy(
            String name, Class<C> config, Class<? extends Configured<C, ? extends TakeoverPolicy>> factory) {
        add(ExtensionPoint.TAKEOVER_POLICY, name, config, factory, made -> made);
    }

    @Override
    public <C extends Record> void balancer(
            String name, Class<C> config, Class<? extends Configured<C, ? extends Balancer>> factory) {
        add(ExtensionPoint.BALANCER, name, config, factory, made -> made);
    }

    @Override
    public <C extends Record> void connectionFilter(
            String type, Class<C> config, Class<? extends Configured<C, ? extends ConnectionFilter>> factory) {
        add(ExtensionPoint.CONNECTION_FILTER, type, config, factory, made -> made);
    }

    @Override
    public <C extends Record> void httpFilter(
            String type, Class<C> config, Class<? extends Configured<C, ? extends HttpFilter>> factory) {
        add(ExtensionPoint.HTTP_FILTER, type, config, factory, made -> made);
    }

    @Override
    public <C extends Record> void httpHandler(
            String type, Class<C> config, Class<? extends Configured<C, ? extends HttpHandler>> factory) {
        add(ExtensionPoint.HTTP_HANDLER, type, config, factory, made -> made);
    }

    @Override
    public <C extends Record> void service(String type, Class<C> config, Class<? extends ServiceFactory<C>> factory) {
        add(ExtensionPoint.SERVICE, type, config, factory, made -> made);
    }

    @Override
    public <C extends Record> void component(
            String section, Class<C> config, Class<? extends ComponentFactory<C>> factory) {
        if (ConfigReader.ownKeys().contains(section)) {
            throw new IllegalArgumentException("the section '" + section + "' is the runtime's own");
        }
        add(ExtensionPoint.COMPONENT, section, config, factory, made -> made);
    }

    @Override
    public void adminView(String name, Class<? extends AdminView> view) {
        add(ExtensionPoint.ADMIN_VIEW, name, NoKeys.class, view, made -> made);
    }

    @Override
    public <P extends Record> void adminAction(
            String name, Class<P> parameters, Class<? extends AdminAction<P>> action) {
        List<String> problems = RecordShape.notScalar(parameters);
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(String.join("; ", problems));
        }
        add(ExtensionPoint.ADMIN_ACTION, name, parameters, action, made -> made);
    }

    /** One class may be contributed in several roles: it is still one instance. */
    private <T, M> void add(
            ExtensionPoint<T> point,
            String name,
            Class<? extends Record> config,
            Class<? extends M> type,
            Function<M, ? extends T> role) {
        if (!point.named().matcher(name).matches()) {
            throw new IllegalArgumentException("'" + name + "' is no name: it must begin with a letter and have only"
                    + " lower-case letters, digits and '-'");
        }
        List<String> problems = thorough ? RecordShape.problems(config, point.reserved()) : List.of();
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(String.join("; ", problems));
        }
        if (instances != null) {
            throw closed();
        }
        bound.add(type);
        Supplier<T> instance = () -> {
            Instances made = instances;
            if (made == null) {
                throw new IllegalStateException(point + " " + name + " before its plugin is configured");
            }
            return role.apply(made.of(type));
        };
        all.add(new Contribution<>(point, plugin, name, config, !thorough, instance));
    }
}
