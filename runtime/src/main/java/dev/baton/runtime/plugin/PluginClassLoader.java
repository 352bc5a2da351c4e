package dev.baton.runtime.plugin;

import dev.baton.spi.Plugin;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The class loader of one plugin.
 *
 * <pre>
 * class                                           comes from
 * the SPI and what stands in its signatures       the runtime; what the runtime does not have: the plugin's jars
 * everything else                                 the plugin's jars, else the JDK
 * </pre>
 *
 * So two plugins can bring different versions of one library, and none sees the runtime's own classes or libraries.
 */
final class PluginClassLoader extends URLClassLoader {

    /** What the SPI's documentation promises to plugins: keep the two lists the same. */
    private static final List<String> SHARED = List.of(
            "dev.baton.spi.",
            "io.netty.buffer.",
            "io.netty.channel.",
            "io.netty.util.",
            // What somebody who has channels needs to open one to a name:
            "io.netty.bootstrap.",
            "io.netty.resolver.",
            "io.vertx.core.",
            "com.google.inject.",
            "jakarta.inject.",
            "org.slf4j.",
            "org.jspecify.");

    static {
        registerAsParallelCapable();
    }

    private final ClassLoader runtime;

    PluginClassLoader(String id, List<Path> jars, ClassLoader runtime) {
        super(Plugin.LOADER_PREFIX + id, urls(jars), ClassLoader.getPlatformClassLoader());
        this.runtime = runtime;
    }

    private static URL[] urls(List<Path> jars) {
        return jars.stream()
                .map(jar -> {
                    try {
                        return jar.toUri().toURL();
                    } catch (MalformedURLException e) {
                        throw new IllegalArgumentException("no URL for " + jar, e);
                    }
                })
                .toArray(URL[]::new);
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        synchronized (getClassLoadingLock(name)) {
            Class<?> loaded = findLoadedClass(name);
            if (loaded == null) {
                loaded = find(name);
            }
            if (resolve) {
                resolveClass(loaded);
            }
            return loaded;
        }
    }

    private Class<?> find(String name) throws ClassNotFoundException {
        if (name.startsWith("java.")) {
            return getParent().loadClass(name);
        }
        if (isShared(name)) {
            try {
                return runtime.loadClass(name);
            } catch (ClassNotFoundException e) {
                return findClass(name); // for example io.netty.channel.unix, which the runtime does not need
            }
        }
        try {
            return findClass(name);
        } catch (ClassNotFoundException e) {
            return getParent().loadClass(name);
        }
    }

    static boolean isShared(String name) {
        for (String prefix : SHARED) {
            if (name.startsWith(prefix)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public @Nullable URL getResource(String name) {
        URL own = findResource(name);
        return own != null ? own : getParent().getResource(name);
    }

    @Override
    public Enumeration<URL> getResources(String name) throws IOException {
        List<URL> all = Collections.list(findResources(name));
        all.addAll(Collections.list(getParent().getResources(name)));
        return Collections.enumeration(all);
    }
}
