package dev.baton.spi;

/**
 * The one entry point of a plugin: a class with a constructor without parameters, named by the manifest of the plugin's
 * jar. What it contributes can have things injected, itself it cannot.
 *
 * <p>A plugin is a folder of jars. The manifest of exactly one of them has {@code Baton-Plugin-Id},
 * {@code Baton-Plugin-Version}, {@code Baton-Spi-Version} and {@code Baton-Plugin-Class}; these are checked before any
 * class is loaded. Each plugin has a class loader of its own, which shares with the runtime only the
 * {@link SharedPackages}.
 */
@FunctionalInterface
public interface Plugin {
    /** With what the name of a plugin's class loader begins, before the plugin's id: stack traces show it. */
    String LOADER_PREFIX = "plugin ";

    /**
     * Says what the plugin contributes. Called once, before anything is bound or started; opens nothing. A throw
     * removes this plugin, with an error that names its jar, and no other.
     */
    void configure(PluginBinder binder);
}
