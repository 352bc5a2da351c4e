package dev.baton.runtime.plugin;

import java.util.function.Supplier;

/**
 * Something that a plugin contributed.
 *
 * @param <T> the extension point's type
 * @param plugin the plugin's id
 * @param kind what it is, for a person: {@code poller}, {@code service}
 * @param name what the configuration calls it, or its class where it has no name
 * @param instance gives the one instance, made at the first call
 */
public record Contribution<T>(String plugin, String kind, String name, Supplier<T> instance) {

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
        return kind + " " + name;
    }
}
