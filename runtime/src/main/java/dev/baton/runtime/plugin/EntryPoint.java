package dev.baton.runtime.plugin;

import dev.baton.spi.Plugin;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;

/** A plugin's entry point, and what makes it. */
record EntryPoint(Class<? extends Plugin> type, Maker maker) {
    /** May throw what the plugin throws. */
    @FunctionalInterface
    interface Maker {
        Plugin make() throws Throwable;
    }

    /** One that is made by its constructor. */
    static EntryPoint of(Class<? extends Plugin> type) {
        return new EntryPoint(type, () -> made(type));
    }

    /**
     * The one that a manifest names.
     *
     * @throws PluginException if it cannot be loaded
     */
    static EntryPoint of(PluginManifest manifest, ClassLoader loader) throws PluginException {
        try {
            Class<?> loaded = Class.forName(manifest.entryPoint(), true, loader);
            if (Plugin.class.isAssignableFrom(loaded)) {
                return of(loaded.asSubclass(Plugin.class));
            }
            throw new PluginException(manifest.jar() + ": Baton-Plugin-Class " + manifest.entryPoint()
                    + " does not implement " + Plugin.class.getName());
        } catch (ClassNotFoundException e) {
            throw new PluginException(
                    manifest.jar() + ": Baton-Plugin-Class " + manifest.entryPoint()
                            + " is in none of the jars of its folder",
                    e);
        } catch (LinkageError e) {
            throw new PluginException(
                    manifest.jar() + ": Baton-Plugin-Class " + manifest.entryPoint() + " cannot be loaded: " + e, e);
        }
    }

    private static Plugin made(Class<? extends Plugin> entryPoint) throws Throwable {
        Constructor<? extends Plugin> constructor;
        try {
            constructor = entryPoint.getDeclaredConstructor();
            constructor.setAccessible(true);
        } catch (NoSuchMethodException e) {
            throw new PluginException("it has no constructor without parameters", e);
        }
        try {
            return constructor.newInstance();
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }
}
