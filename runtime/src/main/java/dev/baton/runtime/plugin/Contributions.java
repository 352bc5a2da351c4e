package dev.baton.runtime.plugin;

import com.google.inject.Binder;
import com.google.inject.Injector;
import com.google.inject.PrivateBinder;
import com.google.inject.Singleton;
import dev.baton.runtime.config.RecordShape;
import dev.baton.spi.ComponentFactory;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.admin.AdminAction;
import dev.baton.spi.admin.AdminView;
import dev.baton.spi.fd.FdHook;
import dev.baton.spi.listener.ListenerKind;
import dev.baton.spi.listener.UnbindStrategy;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.pool.TakeoverPolicy;
import dev.baton.spi.service.ServiceFactory;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Collects what one plugin contributes, and binds each class once in the plugin's private module. Names that only an
 * instance knows (of a poller, a listener kind, an admin view) are asked for when the injector exists.
 */
final class Contributions implements PluginBinder {
    /** Words of the configuration and of the admin API's paths. */
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,62}");

    /** Top-level keys that are the runtime's own. */
    private static final Set<String> RESERVED_SECTIONS =
            Set.of("version", "loops", "poller", "grace", "listeners", "services", "upstreams", "plugins");

    /** The key of a service that is not its record's. */
    private static final Set<String> RESERVED_SERVICE_KEYS = Set.of("type");

    private final String plugin;
    private final Set<Class<?>> bound = new HashSet<>();
    private @Nullable PrivateBinder guice;
    private @Nullable Injector injector;

    final List<Contribution<PollerProvider>> pollers = new ArrayList<>();
    final List<Contribution<ListenerKind>> listenerKinds = new ArrayList<>();
    final List<Contribution<FdHook>> hooks = new ArrayList<>();
    final List<Contribution<UnbindStrategy>> unbindStrategies = new ArrayList<>();
    final List<Contribution<TakeoverPolicy>> takeoverPolicies = new ArrayList<>();
    final List<ConfiguredContribution<ServiceFactory<?>>> services = new ArrayList<>();
    final List<ConfiguredContribution<ComponentFactory<?>>> components = new ArrayList<>();
    final List<Contribution<AdminView>> views = new ArrayList<>();
    final List<Contribution<AdminAction>> actions = new ArrayList<>();

    Contributions(String plugin) {
        this.plugin = plugin;
    }

    /** The private module that is being configured; before any contribution. */
    void open(PrivateBinder binder) {
        guice = binder;
    }

    /** From here on instances can be had. */
    void close(Injector made) {
        injector = made;
    }

    @Override
    public Binder guice() {
        return privateBinder();
    }

    private PrivateBinder privateBinder() {
        if (guice == null || injector != null) {
            throw new IllegalStateException("a PluginBinder is for use inside of Plugin.configure");
        }
        return guice;
    }

    @Override
    public void poller(Class<? extends PollerProvider> provider) {
        pollers.add(contribution("poller", provider.getName(), provider));
    }

    @Override
    public void listener(Class<? extends ListenerKind> kind) {
        listenerKinds.add(contribution("listener", kind.getName(), kind));
    }

    @Override
    public void fdHook(Class<? extends FdHook> hook) {
        hooks.add(contribution("fd-hook", hook.getSimpleName(), hook));
    }

    @Override
    public void unbindStrategy(String name, Class<? extends UnbindStrategy> strategy) {
        unbindStrategies.add(contribution("unbind-strategy", checked(name), strategy));
    }

    @Override
    public void takeoverPolicy(String name, Class<? extends TakeoverPolicy> policy) {
        takeoverPolicies.add(contribution("takeover-policy", checked(name), policy));
    }

    @Override
    public <C extends Record> void service(String type, Class<C> config, Class<? extends ServiceFactory<C>> factory) {
        checkShape(config, RESERVED_SERVICE_KEYS);
        services.add(new ConfiguredContribution<>(contribution("service", checked(type), factory), config));
    }

    @Override
    public <C extends Record> void component(
            String section, Class<C> config, Class<? extends ComponentFactory<C>> factory) {
        if (RESERVED_SECTIONS.contains(section)) {
            throw new IllegalArgumentException("the section '" + section + "' is the runtime's own");
        }
        checkShape(config, Set.of());
        components.add(new ConfiguredContribution<>(contribution("component", checked(section), factory), config));
    }

    @Override
    public void adminView(Class<? extends AdminView> view) {
        views.add(contribution("admin-view", view.getName(), view));
    }

    @Override
    public void adminAction(Class<? extends AdminAction> action) {
        actions.add(contribution("admin-action", action.getName(), action));
    }

    private static void checkShape(Class<? extends Record> config, Set<String> reserved) {
        List<String> problems = RecordShape.problems(config, reserved);
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(String.join("; ", problems));
        }
    }

    private static String checked(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("'" + name
                    + "' is no name: it must begin with a letter and have only lower-case letters, digits and"
                    + " '-'");
        }
        return name;
    }

    private <T> Contribution<T> contribution(String kind, String name, Class<? extends T> type) {
        PrivateBinder binder = privateBinder();
        if (bound.add(type)) { // one class may be contributed in several roles: it is still one instance
            binder.bind(type).in(Singleton.class);
            binder.expose(type);
        }
        Supplier<T> instance = () -> {
            Injector made = injector;
            if (made == null) {
                throw new IllegalStateException(kind + " " + name + " before its plugin is configured");
            }
            return made.getInstance(type);
        };
        return new Contribution<>(plugin, kind, name, instance);
    }

    /** Replaces the class names of those that name themselves by their names. */
    void nameThemselves() {
        pollers.replaceAll(each -> named(each, each.get().name()));
        listenerKinds.replaceAll(each -> named(each, each.get().name()));
    }

    private static <T> Contribution<T> named(Contribution<T> contribution, String name) {
        return new Contribution<>(contribution.plugin(), contribution.kind(), checked(name), contribution.instance());
    }

    /** Everything, in the order of the extension points. */
    List<Contribution<?>> all() {
        List<Contribution<?>> all = new ArrayList<>();
        all.addAll(pollers);
        all.addAll(listenerKinds);
        all.addAll(hooks);
        all.addAll(unbindStrategies);
        all.addAll(takeoverPolicies);
        services.forEach(each -> all.add(each.contribution()));
        components.forEach(each -> all.add(each.contribution()));
        all.addAll(views);
        all.addAll(actions);
        return all;
    }
}
