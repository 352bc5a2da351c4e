package dev.baton.runtime.plugin;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.SpiVersion;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/** Compiles sources and packs them into a jar, as a plugin's author would. */
public final class PluginJar {
    /** The version that this Baton has. */
    static final String SPI = SpiVersion.MAJOR + "." + SpiVersion.MINOR;

    private final Manifest manifest = new Manifest();
    private final List<JavaFileObject> sources = new ArrayList<>();
    private final List<Path> classPath = new ArrayList<>();
    private final List<String> first = new ArrayList<>();
    private final Map<String, String> files = new LinkedHashMap<>();

    PluginJar() {
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    }

    /** A jar that is a plugin in order, but for its classes. */
    public static PluginJar plugin(String id, String entryPoint) {
        return new PluginJar()
                .attribute("Baton-Plugin-Id", id)
                .attribute("Baton-Plugin-Version", "1.2.3")
                .attribute("Baton-Spi-Version", SPI)
                .attribute("Baton-Plugin-Class", entryPoint);
    }

    PluginJar attribute(String name, String value) {
        manifest.getMainAttributes().putValue(name, value);
        return this;
    }

    PluginJar without(String name) {
        manifest.getMainAttributes().remove(new Attributes.Name(name));
        return this;
    }

    /** Adds a class: its name and its text. */
    PluginJar source(String name, String text) {
        sources.add(
                new SimpleJavaFileObject(
                        URI.create("string:///" + name.replace('.', '/') + ".java"), JavaFileObject.Kind.SOURCE) {
                    @Override
                    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                        return text;
                    }
                });
        return this;
    }

    /** Adds an entry point whose configure has this body; {@code binder} is in scope. */
    public PluginJar entryPoint(String name, String body) {
        int dot = name.lastIndexOf('.');
        return source(
                name,
                "package " + name.substring(0, dot) + ";\n"
                        + "import dev.baton.spi.*; import dev.baton.spi.admin.*; import dev.baton.spi.listener.*;\n"
                        + "import dev.baton.spi.poller.*; import java.util.*; import java.util.concurrent.*;\n"
                        + "public final class " + name.substring(dot + 1) + " implements Plugin {\n"
                        + "  @Override public void configure(PluginBinder binder) {" + body + "}\n"
                        + "  public static final class Unbind implements UnbindStrategy {\n"
                        + "    @Override public CompletionStage<ListenerResult> unbind(Unbinding unbinding) {\n"
                        + "      return new CompletableFuture<>(); } }\n"
                        + "}\n");
    }

    /** Adds a file. */
    PluginJar entry(String name, String text) {
        files.put(name, text);
        return this;
    }

    /** As {@link #compiledAgainst}, before everything else: with another version of what is there. */
    PluginJar compiledFirstAgainst(Path jar) {
        first.add(jar.toString());
        return this;
    }

    PluginJar compiledAgainst(Path jar) {
        classPath.add(jar);
        return this;
    }

    public Path in(Path folder, String name) throws IOException {
        Files.createDirectories(folder);
        Path classes = folder.resolve(name + ".classes"); // in a plugin's folder only jars count
        if (!sources.isEmpty()) {
            Files.createDirectory(classes);
            compile(classes);
        }
        Path jar = folder.resolve(name);
        try (OutputStream out = Files.newOutputStream(jar);
                JarOutputStream entries = new JarOutputStream(out, manifest)) {
            for (Path file : files(classes)) {
                entries.putNextEntry(new JarEntry(classes.relativize(file).toString()));
                Files.copy(file, entries);
                entries.closeEntry();
            }
            for (Map.Entry<String, String> each : files.entrySet()) {
                entries.putNextEntry(new JarEntry(each.getKey()));
                entries.write(each.getValue().getBytes(UTF_8));
                entries.closeEntry();
            }
            entries.putNextEntry(new JarEntry("who.txt"));
            entries.write(name.getBytes(UTF_8));
            entries.closeEntry();
        }
        return jar;
    }

    private static List<Path> files(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).toList();
        }
    }

    private void compile(Path classes) {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        List<String> path = new ArrayList<>(first);
        path.addAll(List.of(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path", ""))));
        classPath.forEach(jar -> path.add(jar.toString()));
        StringWriter words = new StringWriter();
        boolean compiled = compiler.getTask(
                        words,
                        null,
                        null,
                        List.of(
                                "-d",
                                classes.toString(),
                                "-cp",
                                String.join(System.getProperty("path.separator", ":"), path),
                                "-proc:none"),
                        null,
                        sources)
                .call();
        assertThat(compiled).as(words.toString()).isTrue();
    }
}
