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
 * @param instance gives the one instance, made at the first call
 */
public record Contribution<T>(
        ExtensionPoint<T> point, String plugin, String name, Class<? extends Record> config, Supplier<T> instance) {

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
