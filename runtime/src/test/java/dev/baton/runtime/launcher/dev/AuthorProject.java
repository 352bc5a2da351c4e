package dev.baton.runtime.launcher.dev;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.launcher.scaffold.PluginProject;
import dev.baton.runtime.launcher.scaffold.ProjectKind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.tools.ToolProvider;

/**
 * A project as `baton plugin new` writes it, which a test changes and compiles.
 *
 * @param folder where it is
 * @param id the plugin's
 */
record AuthorProject(Path folder, String id) {
    static final String BATON = "1.2.3";

    /** Makes one in a folder, not compiled. */
    static AuthorProject create(Path parent, String id) throws Exception {
        Path made = new PluginProject(ProjectKind.SERVICE, id, PluginProject.defaultPackage(id), BATON, parent)
                .create(parent);
        return new AuthorProject(made, id);
    }

    Path classes() {
        return folder.resolve("target/classes");
    }

    /** Compiles its classes, as an IDE does. */
    AuthorProject compile() throws IOException {
        List<String> arguments = new ArrayList<>(List.of(
                "-d",
                Files.createDirectories(classes()).toString(),
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path", "")),
                "-proc:none"));
        try (Stream<Path> files = Files.walk(folder.resolve("src/main/java"))) {
            files.map(Path::toString).filter(name -> name.endsWith(".java")).forEach(arguments::add);
        }
        ByteArrayOutputStream words = new ByteArrayOutputStream();
        int code = ToolProvider.getSystemJavaCompiler().run(null, words, words, arguments.toArray(String[]::new));
        assertThat(code).as(words.toString(StandardCharsets.UTF_8)).isZero();
        return this;
    }

    /** Changes the text of a file, which must be there. */
    AuthorProject edit(String file, String from, String to) throws IOException {
        Path path = folder.resolve(file);
        String text = Files.readString(path);
        assertThat(text).contains(from);
        Files.writeString(path, text.replace(from, to));
        return this;
    }

    /** Leaves the zip of `mvn package`: the plugin's jar, without its classes, and a library. */
    Path zip(String name, String library) throws IOException {
        Path zip = folder.resolve("target").resolve(name);
        Files.createDirectories(zip.getParent());
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        Manifest main = new Manifest(manifest);
        main.getMainAttributes().putValue("Baton-Plugin-Id", id);
        main.getMainAttributes().putValue("Baton-Plugin-Version", "7.0-packaged");
        main.getMainAttributes().putValue("Baton-Spi-Version", "2.0");
        main.getMainAttributes().putValue("Baton-Plugin-Class", id + "." + "HelloPlugin");
        try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(zip))) {
            out.putNextEntry(new ZipEntry(id + "/" + id + "-1.0.jar"));
            jar(out, main);
            out.putNextEntry(new ZipEntry(id + "/" + library));
            jar(out, manifest);
        }
        return zip;
    }

    private static void jar(OutputStream to, Manifest manifest) throws IOException {
        JarOutputStream jar = new JarOutputStream(to, manifest);
        jar.finish();
    }
}
