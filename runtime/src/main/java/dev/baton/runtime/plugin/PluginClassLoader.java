package dev.baton.runtime.plugin;

import dev.baton.spi.Plugin;
import dev.baton.spi.SharedPackages;
import java.io.IOException;
import java.io.InputStream;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLConnection;
import java.net.URLStreamHandler;
import java.security.SecureClassLoader;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.Manifest;
import org.jspecify.annotations.Nullable;

/**
 * The class loader of one plugin.
 *
 * <pre>
 * class                       comes from
 * {@link SharedPackages}      the runtime; what the runtime does not have: the plugin's jars
 * everything else             the plugin's jars, else the JDK
 * </pre>
 *
 * So two plugins can bring different versions of one library, and none sees the runtime's own classes or libraries.
 */
final class PluginClassLoader extends SecureClassLoader implements AutoCloseable {
    static {
        registerAsParallelCapable();
    }

    /** The name of a field; see {@link LoadedPlugin#LOADER_NUMBER}. */
    static final String NUMBER = "number";

    private static final AtomicInteger NUMBERS = new AtomicInteger();

    private final int number = NUMBERS.incrementAndGet();
    private final PluginJars jars;
    private final ClassLoader runtime;

    /** Takes open jars, which it closes. */
    PluginClassLoader(String id, PluginJars jars, ClassLoader runtime) {
        super(Plugin.LOADER_PREFIX + id, ClassLoader.getPlatformClassLoader());
        this.jars = jars;
        this.runtime = runtime;
    }

    /** No other of this process has the same. */
    int number() {
        return number;
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
        if (SharedPackages.contain(name)) {
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

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
        String entryName = name.replace('.', '/') + ".class";
        for (PluginJars.Open jar : jars.all()) {
            JarEntry entry = jar.file().getJarEntry(entryName);
            if (entry != null) {
                try (InputStream in = jar.file().getInputStream(entry)) {
                    byte[] bytes = in.readAllBytes();
                    definePackageOf(name, jar);
                    return defineClass(name, bytes, 0, bytes.length, jar.source());
                } catch (IOException e) {
                    throw new ClassNotFoundException(name + " cannot be read from " + jar.path(), e);
                }
            }
        }
        throw new ClassNotFoundException(name);
    }

    private void definePackageOf(String className, PluginJars.Open jar) throws IOException {
        int dot = className.lastIndexOf('.');
        String name = dot < 0 ? "" : className.substring(0, dot);
        if (name.isEmpty() || getDefinedPackage(name) != null) {
            return;
        }
        Manifest manifest = jar.file().getManifest();
        Attributes main = manifest == null ? new Attributes() : manifest.getMainAttributes();
        try {
            definePackage(
                    name,
                    main.getValue(Attributes.Name.SPECIFICATION_TITLE),
                    main.getValue(Attributes.Name.SPECIFICATION_VERSION),
                    main.getValue(Attributes.Name.SPECIFICATION_VENDOR),
                    main.getValue(Attributes.Name.IMPLEMENTATION_TITLE),
                    main.getValue(Attributes.Name.IMPLEMENTATION_VERSION),
                    main.getValue(Attributes.Name.IMPLEMENTATION_VENDOR),
                    null);
        } catch (IllegalArgumentException definedMeanwhile) {
            // By another thread, with the same values.
        }
    }

    // ---- resources ------------------------------------------------------------------------------------------------

    @Override
    protected @Nullable URL findResource(String name) {
        for (PluginJars.Open jar : jars.all()) {
            JarEntry entry = jar.file().getJarEntry(name);
            if (entry != null) {
                return url(jar, entry);
            }
        }
        return null;
    }

    @Override
    protected Enumeration<URL> findResources(String name) {
        List<URL> found = new ArrayList<>();
        for (PluginJars.Open jar : jars.all()) {
            JarEntry entry = jar.file().getJarEntry(name);
            if (entry != null) {
                found.add(url(jar, entry));
            }
        }
        return Collections.enumeration(found);
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

    /** Looks like that of a jar, and reads from the copy. */
    private static URL url(PluginJars.Open jar, JarEntry entry) {
        try {
            return new URL(null, "jar:" + jar.path().toUri() + "!/" + entry.getName(), new FromCopy(jar, entry));
        } catch (MalformedURLException e) {
            throw new IllegalArgumentException("no URL for " + entry.getName() + " in " + jar.path(), e);
        }
    }

    /** Opens an entry of a jar that has no name any more. */
    private static final class FromCopy extends URLStreamHandler {
        private final PluginJars.Open jar;
        private final JarEntry entry;

        FromCopy(PluginJars.Open jar, JarEntry entry) {
            this.jar = jar;
            this.entry = entry;
        }

        @Override
        protected URLConnection openConnection(URL url) {
            return new URLConnection(url) {
                @Override
                public void connect() {
                    connected = true;
                }

                @Override
                public InputStream getInputStream() throws IOException {
                    return jar.file().getInputStream(entry);
                }

                @Override
                public long getContentLengthLong() {
                    return entry.getSize();
                }
            };
        }
    }

    @Override
    public void close() {
        jars.close();
    }
}
