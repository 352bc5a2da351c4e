package dev.baton.testkit.world;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.io.TempDir;

/** A plugin as it is installed: its jar in a folder, its manifest, its class loader. */
class InstalledPluginTest {
    @TempDir
    static Path plugins = Path.of("");

    private static void install(String spi) throws IOException {
        Manifest manifest = new Manifest();
        Attributes attributes = manifest.getMainAttributes();
        attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        attributes.putValue("Baton-Plugin-Id", "shout");
        attributes.putValue("Baton-Plugin-Version", "1.0");
        attributes.putValue("Baton-Spi-Version", spi);
        attributes.putValue("Baton-Plugin-Class", ShoutPlugin.class.getName());
        Path folder = Files.createDirectories(plugins.resolve("shout"));
        String path = ShoutPlugin.class.getName().replace('.', '/');
        Path classes = Path.of(
                        ShoutPlugin.class.getResource("ShoutPlugin.class").getPath())
                .getParent();
        try (JarOutputStream jar = new JarOutputStream(Files.newOutputStream(folder.resolve("shout.jar")), manifest);
                var files = Files.newDirectoryStream(classes, "ShoutPlugin*.class")) {
            for (Path file : files) {
                jar.putNextEntry(new JarEntry(path.substring(0, path.lastIndexOf('/') + 1) + file.getFileName()));
                try (InputStream in = Files.newInputStream(file)) {
                    in.transferTo(jar);
                }
            }
        }
    }

    @InEachWorld
    void shouldServe(PluginWorld world) throws IOException {
        install("2.0");
        world.installed(plugins);
        world.start("""
                listeners: { loud: { bind: "127.0.0.1:0", service: shout } }
                services: { shout: { type: shout } }
                """);
        Peer client = world.connect("loud");
        client.send("hello");
        client.expect("HELLO");
    }

    @InEachWorld
    void shouldFailWhereLoadingFails(PluginWorld world) throws IOException {
        install("1.7");
        world.installed(plugins);
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> world.start(""))
                .withMessageContaining("plugin shout is not loaded: ")
                .withMessageContaining("was compiled against SPI 1.7");
    }
}
