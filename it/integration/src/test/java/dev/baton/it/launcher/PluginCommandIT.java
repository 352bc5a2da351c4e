package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.plugin.PluginCandidate;
import dev.baton.spi.SpiVersion;
import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.BatonProcess.Outcome;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code baton plugin check|install|remove|reload} and {@code baton plugins}, from a zip to a server that runs with it.
 */
@Timeout(120)
class PluginCommandIT {
    private static final String SPI = SpiVersion.MAJOR + "." + SpiVersion.MINOR;

    /** Of the record at a zip's end, and where in it is where the directory begins. */
    private static final int ZIP_END_BYTES = 22;

    private static final int ZIP_END_DIRECTORY = 16;
    /** Where an entry of the directory has the size of its file. */
    private static final int ZIP_ENTRY_SIZE = 24;

    @TempDir
    Path folder;

    private Path config() throws IOException {
        return Files.writeString(folder.resolve("baton.yaml"), """
                version: 1
                loops: 2
                admin: { listen: "127.0.0.1:0" }
                listeners: { loud: { bind: "127.0.0.1:0", service: loud } }
                services: { loud: { type: shout } }
                plugins: { path: ["plugins"] }
                """);
    }

    /** A zip with a folder {@code ID} in it, and a jar in that. */
    private Path zip(String id, String version, String spi, String... more) throws IOException {
        Path zip = folder.resolve(id + "-" + version + ".zip");
        try (OutputStream out = Files.newOutputStream(zip);
                ZipOutputStream entries = new ZipOutputStream(out)) {
            entries.putNextEntry(new ZipEntry(id + "/" + id + ".jar"));
            entries.write(Files.readAllBytes(jar(id, version, spi)));
            entries.closeEntry();
            for (String name : more) {
                entries.putNextEntry(new ZipEntry(name));
                entries.closeEntry();
            }
        }
        return zip;
    }

    private Path withoutManifest() throws IOException {
        Path zip = folder.resolve("plain.zip");
        try (OutputStream out = Files.newOutputStream(zip);
                ZipOutputStream entries = new ZipOutputStream(out)) {
            entries.putNextEntry(new ZipEntry("plain/plain.jar"));
            new ZipOutputStream(entries).finish();
            entries.closeEntry();
        }
        return zip;
    }

    /** Its directory says so of the one file in it, which is small. */
    private Path claimingTwoGiB() throws IOException {
        Path zip = zip("large", "1", SPI);
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(zip)).order(ByteOrder.LITTLE_ENDIAN);
        int end = bytes.capacity() - ZIP_END_BYTES;
        int directory = bytes.getInt(end + ZIP_END_DIRECTORY);
        bytes.putInt(directory + ZIP_ENTRY_SIZE, Integer.MAX_VALUE);
        return Files.write(zip, bytes.array());
    }

    private Path jar(String id, String version, String spi) throws IOException {
        Manifest manifest = new Manifest();
        Attributes attributes = manifest.getMainAttributes();
        attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        attributes.putValue("Baton-Plugin-Id", id);
        attributes.putValue("Baton-Plugin-Version", version);
        attributes.putValue("Baton-Spi-Version", spi);
        attributes.putValue("Baton-Plugin-Class", ShoutPlugin.class.getName());
        Path jar = folder.resolve(id + ".jar");
        try (OutputStream out = Files.newOutputStream(jar);
                JarOutputStream entries = new JarOutputStream(out, manifest)) {
            for (Class<?> each : with(ShoutPlugin.class).toList()) {
                String entry = each.getName().replace('.', '/') + ".class";
                entries.putNextEntry(new JarEntry(entry));
                try (InputStream in = ShoutPlugin.class.getClassLoader().getResourceAsStream(entry)) {
                    in.transferTo(entries);
                }
            }
        }
        return jar;
    }

    private static Stream<Class<?>> with(Class<?> type) {
        return Stream.concat(
                Stream.of(type), Stream.of(type.getDeclaredClasses()).flatMap(PluginCommandIT::with));
    }

    private static String done(int code, String... arguments) {
        Outcome outcome = Commands.ofDistribution(arguments);
        assertThat(outcome.code()).as(outcome.text()).isEqualTo(code);
        return outcome.text();
    }

    private static JsonObject plugin(String id, String config) {
        return new JsonArray(done(0, "plugins", "--json", "-c", config))
                .stream()
                        .map(JsonObject.class::cast)
                        .filter(each -> id.equals(each.getString("id")))
                        .findFirst()
                        .orElseThrow();
    }

    /** It has a hook, so by an upgrade at last: the process at this address is another one afterwards. */
    private void reload(String admin, String loud) throws Exception {
        try {
            assertThat(done(1, "plugin", "reload", "shout2", "--admin", admin))
                    .contains("the process has no plugin 'shout2'", "did you mean 'shout'?");
            assertThat(done(1, "plugin", "reload", "shout", "--admin", admin))
                    .contains("shout is not reloaded: it cannot be replaced while the process runs")
                    .contains("the fd hook shout-closes", "nothing was changed", "baton upgrade");
            assertThat(done(1, "plugin", "reload", "chaos", "--admin", admin))
                    .contains("chaos is not reloaded: it is not in use", "enable: [chaos]");
            assertThat(done(0, "plugin", "retired", "--admin", admin)).contains("nothing is left");
            // Nothing of the start keeps what was loaded first.
            assertThat(done(0, "plugin", "reload", "loop-lanes", "--admin", admin))
                    .contains("reloaded loop-lanes");
            Awaitility.await()
                    .atMost(Duration.ofSeconds(30))
                    .untilAsserted(() -> assertThat(done(0, "plugin", "retired", "--collect", "--admin", admin))
                            .contains("nothing is left"));
            assertThat(done(0, "upgrade", "--admin", admin)).contains("upgraded: process ");
            // On a connection of its own: one that was open before may lead to the process before, which drains.
            try (Client client = Client.connect(admin).send("GET /v1/plugins HTTP/1.1\r\nHost: localhost\r\n\r\n")) {
                assertThat(client.answer()).contains("\"id\":\"shout\",\"version\":\"2.0\"");
            }
            try (Client client = Client.connect(loud).send("hello\n")) {
                assertThat(client.finish().rest()).isEqualTo("HELLO!\n");
            }
        } finally {
            done(0, "stop", "--now", "--admin", admin);
        }
    }

    @Test
    void shouldInstallReplaceAndRemoveAPluginWhileTheServerRuns() throws Exception {
        String config = config().toString();
        String first = zip("shout", "1.0", SPI).toString();
        assertThat(done(0, "plugin", "check", first))
                .contains("is fine: shout 1.0, SPI " + SPI + ", fd-hook shout-closes, service shout");
        assertThat(done(0, "plugin", "install", first, "-c", config))
                .contains("installed shout 1.0 in " + folder.resolve("plugins/shout"))
                .doesNotContain("the version before", "the process");

        JsonObject shown = plugin("shout", config);
        assertThat(shown.getString("state")).isEqualTo("loaded");
        assertThat(shown.getJsonArray("contributes").encode()).contains("\"service shout\"");
        assertThat(shown.getJsonArray("keys").encode())
                .contains(
                        "{\"of\":\"service shout\",\"key\":\"suffix\",\"type\":\"text\",\"default\":\"!\",\"range\":\"\","
                                + "\"choices\":[]}");
        assertThat(plugin("chaos", config).getString("state")).isEqualTo("on request");
        assertThat(done(0, "plugins", "-c", config))
                .containsPattern("shout +1\\.0 +\\S+ +loaded +.*service shout")
                .containsPattern("service shout +suffix +text +!");

        try (BatonProcess baton = BatonProcess.start(folder, "run")) {
            String admin = baton.admin();
            baton.await(line -> line.startsWith("ready in "));
            Files.writeString(
                    folder.resolve("baton.yaml"),
                    Files.readString(folder.resolve("baton.yaml"))
                            .replace("listen: \"127.0.0.1:0\"", "listen: \"" + admin + "\""));
            String second = zip("shout", "2.0", SPI).toString();
            assertThat(done(0, "plugin", "install", second, "-c", config))
                    .contains(
                            "installed shout 2.0",
                            "; the version before is in " + folder.resolve("plugins/.shout.before"))
                    .contains("the process " + baton.pid() + " runs with the version that it has loaded")
                    .contains("baton upgrade");
            assertThat(new JsonArray(Client.get(admin, "/v1/plugins").body()).encode())
                    .contains("\"id\":\"shout\",\"version\":\"1.0\"");
            try (Client client = Client.connect(baton.listener("loud")).send("hello\n")) {
                assertThat(client.finish().rest()).isEqualTo("HELLO!\n");
            }
            reload(admin, baton.listener("loud"));
            assertThat(baton.exitCode()).isZero();
        }
        assertThat(plugin("shout", config).getString("version")).isEqualTo("2.0");
        assertThat(done(0, "plugin", "remove", "shout", "-c", config)).contains("removed", ".shout.before");
        assertThat(done(1, "plugin", "remove", "shout", "-c", config))
                .contains("'shout' cannot be removed: there is none in");
        assertThat(done(1, "plugin", "remove", "http", "-c", config)).contains("it is one of the distribution's");
    }

    @Test
    void shouldRefuseWhatCannotBeLoadedAndChangeNothing() throws Exception {
        String config = config().toString();
        for (List<String> bad : List.of(
                List.of(
                        zip("shout", "3.0", "1.0").toString(),
                        "was compiled against SPI 1.0, this Baton has SPI " + SPI),
                List.of(zip("http", "9", SPI).toString(), "a plugin 'http' is loaded already"),
                List.of(zip("chaos", "9", SPI).toString(), "a plugin 'chaos' is one of the distribution's"))) {
            assertThat(done(78, "plugin", "check", bad.get(0)))
                    .contains(bad.get(0) + " cannot be loaded: ", bad.get(0) + "!", bad.get(1));
            assertThat(done(78, "plugin", "install", bad.get(0), "-c", config))
                    .contains(bad.get(0) + " is not installed: ", bad.get(1));
        }
        for (List<String> bad : List.of(
                List.of(zip("Shout", "1", SPI).toString(), "Baton-Plugin-Id is 'Shout', must begin with a letter"),
                List.of(withoutManifest().toString(), "has Baton-Plugin-Id in its manifest"),
                List.of(
                        zip("shout", "5.0", SPI, "other/readme.txt").toString(),
                        "has 2 folders at its top; the zip of a plugin has one, with its jars"),
                List.of(claimingTwoGiB().toString(), "holds more than 1024 MiB"))) {
            assertThat(done(78, "plugin", "check", bad.get(0))).contains(bad.get(0), bad.get(1));
            assertThat(done(78, "plugin", "install", bad.get(0), "-c", config)).contains(bad.get(0), bad.get(1));
        }
        String evil = zip("shout", "4.0", SPI, "shout/../../evil.txt").toString();
        String corrupt =
                Files.writeString(folder.resolve("corrupt.zip"), "none").toString();
        for (List<String> bad : List.of(
                List.of(evil, evil + " has a file named 'shout/../../evil.txt', which does not stay in its folder"),
                List.of(corrupt, corrupt + " cannot be read as a zip"))) {
            assertThat(done(78, "plugin", "check", bad.get(0))).contains(bad.get(1));
            assertThat(done(78, "plugin", "install", bad.get(0), "-c", config)).contains(bad.get(1));
        }
        assertThat(done(1, "plugin", "check", folder.resolve("none.zip").toString()))
                .contains("none.zip is not there");
        assertThat(done(2, "plugin", "remove", "../x", "-c", config)).contains("'../x' is no id of a plugin");
        assertThat(done(2, "plugin", "install", folder.toString(), "-c", config))
                .contains("is a folder; expected the zip");
        try (Stream<Path> left = Files.list(folder.resolve("plugins"))) {
            assertThat(left).isEmpty();
        }
        assertThat(folder.resolve("evil.txt")).doesNotExist();
    }

    @Test
    void shouldBeginNoProjectWithANameThatBatonHas() {
        assertThat(done(2, "plugin", "new", "http", "--handler"))
                .contains("Baton has a plugin 'http' of its own", "choose another id");
        assertThat(done(2, "plugin", "new", "listeners", "--component"))
                .contains("'listeners' is a key of Baton's own configuration", "choose another id");
        assertThat(done(2, "plugin", "new", "fd", "--listener"))
                .contains("Baton has listeners of the form fd:", "choose another id");
    }

    /** Only the service http implements what the SPI has for plugins to call: that is Baton's own implementation. */
    @Test
    void shouldHaveNothingToSayOfTheDistributionsOwnPlugins() throws Exception {
        try (Stream<Path> plugins = Files.list(BatonProcess.distribution().resolve("plugins"))) {
            for (Path each : plugins.filter(Files::isDirectory).toList()) {
                try (PluginCandidate plugin = PluginCandidate.open(each, folder)) {
                    boolean http = plugin.id().equals("http");
                    List<String> advice = plugin.advice();
                    assertThat(advice)
                            .as("%s", each)
                            .filteredOn(text -> !http || !text.contains("which only Baton implements"))
                            .isEmpty();
                }
            }
        }
        for (String id : List.of("tcp-proxy", "http")) {
            String own = BatonProcess.distribution().resolve("plugins/" + id).toString();
            assertThat(done(0, "plugin", "check", own))
                    .contains(own + " is fine: " + id + " ")
                    .doesNotContain("warning");
        }
    }
}
