package dev.baton.it.launcher;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.SpiVersion;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import javax.tools.ToolProvider;

/**
 * A plugin with a contribution of each kind that can be replaced, in as many versions as a test wants: compiled from
 * the text in the resources, where {@code VERSION} stands for the version, and what a test plants in it.
 *
 * <p>Its code tells what it does by two lists that are among the properties of the JVM, because it sees no class of the
 * test: of words, and of weak references to its class loaders.
 */
final class SamplePlugin {
    static final String ID = "sample";

    private static final String EVENTS = "reload.events";
    private static final String LOADERS = "reload.loaders";
    private static final String SOURCE = "/dev/baton/it/launcher/Sample.java.txt";

    private final Path folder;
    private int compiled;

    /** @param folder for the plugin's folder and what is compiled */
    SamplePlugin(Path folder) {
        this.folder = folder;
        System.getProperties().put(EVENTS, new CopyOnWriteArrayList<String>());
        System.getProperties().put(LOADERS, new CopyOnWriteArrayList<WeakReference<ClassLoader>>());
    }

    /** The folder of plugins. */
    Path plugins() {
        return folder.resolve("plugins");
    }

    /** What its code has said so far. */
    @SuppressWarnings("unchecked")
    static List<String> events() {
        return (List<String>) System.getProperties().get(EVENTS);
    }

    /** The class loaders of all versions whose entry point was called. */
    @SuppressWarnings("unchecked")
    static List<WeakReference<ClassLoader>> loaders() {
        return (List<WeakReference<ClassLoader>>) System.getProperties().get(LOADERS);
    }

    /** Compiles a version; the pairs are texts of the source and what takes their place. */
    byte[] jar(String version, String... changes) throws IOException {
        String source;
        try (var in = SamplePlugin.class.getResourceAsStream(SOURCE)) {
            source = new String(in.readAllBytes(), UTF_8);
        }
        for (int i = 0; i < changes.length; i += 2) {
            assertThat(source).contains(changes[i]);
            source = source.replace(changes[i], changes[i + 1]);
        }
        Path work = Files.createDirectories(folder.resolve("compiled" + ++compiled));
        Path file = Files.writeString(work.resolve("Sample.java"), source.replace("VERSION", version));
        Path classes = Files.createDirectory(work.resolve("classes"));
        ByteArrayOutputStream words = new ByteArrayOutputStream();
        List<String> arguments = new ArrayList<>(List.of(
                "-d", classes.toString(), "-cp", System.getProperty("java.class.path"), "-proc:none", "-nowarn"));
        arguments.add(file.toString());
        int code = ToolProvider.getSystemJavaCompiler().run(null, words, words, arguments.toArray(String[]::new));
        assertThat(code).as(words.toString(UTF_8)).isZero();
        return jar(version, classes);
    }

    private static byte[] jar(String version, Path classes) throws IOException {
        Manifest manifest = new Manifest();
        Attributes attributes = manifest.getMainAttributes();
        attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        attributes.putValue("Baton-Plugin-Id", ID);
        attributes.putValue("Baton-Plugin-Version", version);
        attributes.putValue("Baton-Spi-Version", SpiVersion.MAJOR + "." + SpiVersion.MINOR);
        attributes.putValue("Baton-Plugin-Class", "sample.Sample");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JarOutputStream jar = new JarOutputStream(bytes, manifest);
                Stream<Path> files = Files.walk(classes)) {
            for (Path each : files.filter(Files::isRegularFile).toList()) {
                jar.putNextEntry(new JarEntry(classes.relativize(each).toString()));
                Files.copy(each, jar);
            }
        }
        return bytes.toByteArray();
    }

    /** Puts a version into the plugin's folder. */
    void install(byte[] jar) throws IOException {
        Path place = Files.createDirectories(plugins().resolve(ID)).resolve("sample.jar");
        try (OutputStream out = Files.newOutputStream(place)) {
            out.write(jar);
        }
    }
}
