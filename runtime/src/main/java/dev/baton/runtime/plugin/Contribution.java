package dev.baton.runtime.plugin;

import java.util.function.Supplier;

/**
 * Something that a plugin contributed.
 *
 * @param <T> the extension point's type
 * @param point the extension point
 * @param plugin the plugin's id
 * @param name what the configuration or the admin API calls it
 * @param config the record of its keys; {@link dev.baton.runtime.config.NoKeys} if it has none
 * @param late false: whoever may need the instance while the process serves makes it before, so that a plugin that
 *     cannot make it is found at the start. Baton's build has made those of the distribution's plugins
 * @param instance gives the one instance, made at the first call
 */
public record Contribution<T>(
        ExtensionPoint<T> point,
        String plugin,
        String name,
        Class<? extends Record> config,
        boolean late,
        Supplier<T> instance) {

    /** The instance, as {@link #get} gives it: made now if it must not be made late. */
    public Supplier<T> early() {
        if (late) {
            return this::get;
        }
        T made = instance.get();
        return () -> made;
    }

    /**
     * The one instance.
     *
     * @throws com.google.inject.ProvisionException if it cannot be made
     */
    public T get() {
        return instance.get();
    }

    @Override
    public String toString() {
        return point + " " + name;
    }
}
