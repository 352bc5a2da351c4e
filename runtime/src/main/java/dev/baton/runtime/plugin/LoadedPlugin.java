package dev.baton.runtime.plugin;

import dev.baton.spi.admin.PluginSnapshot;

/**
 * One version of a plugin, loaded from a folder by a class loader of its own. What it contributes is used when a
 * registry has it: {@link PluginRegistry#with}.
 */
public final class LoadedPlugin implements AutoCloseable {
    /** The class of its class loader, as a dump of the heap has it. */
    public static final String LOADER = PluginClassLoader.class.getName();
    /** The field of that class, an int, that tells one from another. */
    public static final String LOADER_NUMBER = PluginClassLoader.NUMBER;

    private final PluginSnapshot snapshot;
    private final Contributions contributions;
    private final PluginClassLoader loader;

    LoadedPlugin(PluginSnapshot snapshot, Contributions contributions, PluginClassLoader loader) {
        this.snapshot = snapshot;
        this.contributions = contributions;
        this.loader = loader;
    }

    /** Its id. */
    public String id() {
        return snapshot.id();
    }

    /** Its version. */
    public String version() {
        return snapshot.version();
    }

    /** How often the plugin has been loaded, this time included. */
    public int generation() {
        return snapshot.generation();
    }

    /** What an operator sees of it. */
    PluginSnapshot snapshot() {
        return snapshot;
    }

    /** What it contributes. */
    Contributions contributions() {
        return contributions;
    }

    /** What has loaded its classes. */
    public ClassLoader loader() {
        return loader;
    }

    /** The number of that loader; no other of this process has the same. */
    public int number() {
        return loader.number();
    }

    /** Closes its jars: no class of it can be loaded any longer. */
    @Override
    public void close() {
        loader.close();
    }

    @Override
    public String toString() {
        return "plugin " + id() + " " + version();
    }
}
