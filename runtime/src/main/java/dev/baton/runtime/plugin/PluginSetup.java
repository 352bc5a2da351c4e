package dev.baton.runtime.plugin;

import com.google.inject.AbstractModule;
import com.google.inject.CreationException;
import com.google.inject.Guice;
import com.google.inject.Injector;
import com.google.inject.Module;
import com.google.inject.Stage;
import com.google.inject.spi.Elements;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Has plugins say what they contribute, and makes their injectors. */
final class PluginSetup {
    private final Module runtimeBindings;
    private final Function<String, Module> ownBindings;
    private @Nullable Module recorded;

    /**
     * For any number of plugins.
     *
     * @param runtimeBindings what every plugin can have injected, the same for all
     * @param ownBindings what every plugin can have injected, made for the plugin of an id
     */
    PluginSetup(Module runtimeBindings, Function<String, Module> ownBindings) {
        this.runtimeBindings = runtimeBindings;
        this.ownBindings = ownBindings;
    }

    /**
     * Collects what a plugin contributes.
     *
     * @throws PluginException with whatever the plugin threw
     */
    void collect(Contributions contributions, String from, EntryPoint entry) throws PluginException {
        try (ContextLoader ignored = ContextLoader.of(entry.type().getClassLoader())) {
            if (contributions.isThorough() || !collectPlainly(contributions, entry)) {
                collectWithInjector(contributions, entry);
            }
        } catch (Throwable t) { // the end of this plugin only
            throw new PluginException(
                    from + ": " + entry.type().getName() + " cannot be configured: " + PluginLoader.words(t), t);
        }
    }

    /** The class loader of the thread, for code that looks for a plugin's there. */
    private record ContextLoader(ClassLoader before) implements AutoCloseable {
        static ContextLoader of(ClassLoader code) {
            ContextLoader made = new ContextLoader(Thread.currentThread().getContextClassLoader());
            Thread.currentThread().setContextClassLoader(code);
            return made;
        }

        @Override
        public void close() {
            Thread.currentThread().setContextClassLoader(before);
        }
    }

    private void collectWithInjector(Contributions contributions, EntryPoint entry) throws Throwable {
        PluginModule module = new PluginModule(entry, contributions);
        Injector injector;
        try {
            injector = injector(contributions.plugin(), module);
        } catch (CreationException e) {
            throw module.thrown == null ? e : module.thrown;
        }
        module.instances().by(() -> injector);
    }

    /** False if it has bindings of its own: nothing is collected then. */
    private boolean collectPlainly(Contributions contributions, EntryPoint entry) throws Throwable {
        contributions.open(null);
        try {
            entry.maker().make().configure(contributions);
        } catch (Contributions.NeedsGuice e) {
            return false;
        }
        String id = contributions.plugin();
        ClassLoader code = entry.type().getClassLoader();
        Instances instances = contributions.close();
        instances.by(() -> {
            try (ContextLoader ignored = ContextLoader.of(code)) {
                return injector(id, instances::bind);
            }
        });
        return true;
    }

    private Injector injector(String plugin, Module module) {
        return Guice.createInjector(Stage.DEVELOPMENT, shared(), ownBindings.apply(plugin), module);
    }

    /** Of the runtime: recorded once, as they are the same in each injector. */
    private synchronized Module shared() {
        Module bindings = recorded;
        if (bindings == null) {
            bindings = Elements.getModule(Elements.getElements(Stage.DEVELOPMENT, runtimeBindings));
            recorded = bindings;
        }
        return bindings;
    }

    /** The plugin's module; remembers what the plugin threw, which Guice would bury in its own report. */
    private static final class PluginModule extends AbstractModule {
        private final EntryPoint entry;
        private final Contributions contributions;
        private @Nullable Instances instances;
        private @Nullable Throwable thrown;

        PluginModule(EntryPoint entry, Contributions contributions) {
            this.entry = entry;
            this.contributions = contributions;
        }

        Instances instances() {
            return Objects.requireNonNull(instances);
        }

        @Override
        protected void configure() {
            contributions.open(binder());
            try {
                entry.maker().make().configure(contributions);
            } catch (Throwable t) {
                thrown = t;
                addError("configure threw"); // ends the injector without Guice logging a stack trace of its own
                return;
            }
            Instances made = contributions.close();
            made.bind(binder());
            instances = made;
        }
    }
}
