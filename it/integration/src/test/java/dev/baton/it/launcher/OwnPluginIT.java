package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.spi.SpiVersion;
import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.BatonProcess.Outcome;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A plugin of somebody else's, in a folder that the configuration names, in a process of its own. */
@Timeout(120)
class OwnPluginIT {
    private static final String YAML = """
            version: 1
            loops: 2
            admin: { listen: "127.0.0.1:0" }
            listeners:
              loud: { bind: "127.0.0.1:0", service: loud }
            services:
              loud: { type: shout, suffix: "?!" }
            plugins:
              path: ["mine"]
            """;

    private static final String SPI = SpiVersion.MAJOR + "." + SpiVersion.MINOR;

    @TempDir
    Path folder;

    private void plugin(String id, String spi) throws IOException {
        Path jar = Files.createDirectories(folder.resolve("mine").resolve(id)).resolve(id + ".jar");
        Manifest manifest = new Manifest();
        Attributes attributes = manifest.getMainAttributes();
        attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        attributes.putValue("Baton-Plugin-Id", id);
        attributes.putValue("Baton-Plugin-Version", "7.1");
        attributes.putValue("Baton-Spi-Version", spi);
        attributes.putValue("Baton-Plugin-Class", ShoutPlugin.class.getName());
        try (OutputStream out = Files.newOutputStream(jar);
                JarOutputStream jars = new JarOutputStream(out, manifest)) {
            for (Class<?> each : Stream.concat(Stream.of(ShoutPlugin.class), Stream.of(nested(ShoutPlugin.class)))
                    .toList()) {
                String entry = each.getName().replace('.', '/') + ".class";
                jars.putNextEntry(new JarEntry(entry));
                try (InputStream in = ShoutPlugin.class.getClassLoader().getResourceAsStream(entry)) {
                    in.transferTo(jars);
                }
            }
        }
    }

    private static Class<?>[] nested(Class<?> type) {
        return Stream.of(type.getDeclaredClasses())
                .flatMap(each -> Stream.concat(Stream.of(each), Stream.of(nested(each))))
                .toArray(Class<?>[]::new);
    }

    private static String say(String address, String line) throws Exception {
        try (Client client = Client.connect(address).send(line + "\n")) {
            return client.finish().rest();
        }
    }

    @Test
    void shouldServeAndLoseOnlyTheConnectionThatThrows() throws Exception {
        plugin("shout", SPI);
        try (BatonProcess baton = BatonProcess.serve(folder, YAML)) {
            assertThat(baton.text()).contains("shout 7.1");
            String loud = baton.listener("loud");
            try (Client bystander = Client.connect(loud)) {
                for (String error : List.of("runtime", "memory", "stack")) {
                    try (Client victim = Client.connect(loud).send(error + "\n")) {
                        assertThat(victim.rest()).as(error).isIn("", "[reset]");
                    }
                    assertThat(say(loud, "still there")).isEqualTo("STILL THERE?!\n");
                }
                bystander.send("me too\n");
                assertThat(bystander.finish().rest()).isEqualTo("ME TOO?!\n");
            }
            assertThat(Client.get(baton.admin(), "/metrics").body())
                    .containsPattern("baton_plugin_errors_total\\{plugin=\"shout\"} 3");
            // Three that threw, three that asked, one that looked on.
            await().atMost(Duration.ofSeconds(60))
                    .untilAsserted(() -> assertThat(new JsonArray(Client.get(baton.admin(), "/v1/shout-closes")
                                            .body())
                                    .getJsonObject(0)
                                    .getLong("closes"))
                            .isEqualTo(7));
            assertThat(Client.get(baton.admin(), "/v1/orphans").body()).isEqualTo("[]");
        }
    }

    @Tag("long")
    @Test
    void shouldBeSeenByTopAndTail() throws Exception {
        plugin("shout", SPI);
        try (BatonProcess baton = BatonProcess.serve(folder, YAML)) {
            String loud = baton.listener("loud");
            try (BatonProcess tail = BatonProcess.start(
                    folder, "tail", "--admin", baton.admin(), "--route", "loud", "--status", "2xx")) {
                // What ended before it watches is not shown.
                await().atMost(Duration.ofSeconds(60)).until(() -> {
                    say(loud, "hello\u0007");
                    return !tail.text().isEmpty();
                });
                assertThat(tail.text().lines())
                        .allSatisfy(line -> assertThat(line)
                                .matches("\\S+  200  SHOUT hello\\?  [0-9.]+ ms \\(first byte [0-9.]+ ms\\)  6 B"
                                        + "  loud loud  -  from -"));
                Outcome top = BatonProcess.run(folder, "top", "--admin", baton.admin());
                assertThat(top.code()).as(top.text()).isZero();
                assertThat(top.text())
                        .startsWith("The last ")
                        .doesNotContain("\u001b")
                        .containsPattern("LOOP +BUSY %")
                        .contains("no server was asked");
                say(loud, "hello");
                assertThat(BatonProcess.run(folder, "top", "--json", "--admin", baton.admin())
                                .text())
                        .containsPattern(
                                "\"service\":\"loud\",\"route\":\"loud\",\"requests-per-second\":0?[0-9.]*[1-9]");
            }
            assertThat(Client.get(baton.admin(), "/metrics").body())
                    .contains("baton_http_request_seconds_bucket{route=\"loud\",service=\"loud\",le=\"60.0\"}");
        }
    }

    @Tag("long")
    @Test
    void shouldBeWatchedOverAUnixSocketUntilTheProcessStops() throws Exception {
        plugin("shout", SPI);
        String admin = "unix:" + folder.resolve("admin.sock");
        try (BatonProcess baton =
                BatonProcess.serve(folder, YAML.replace("127.0.0.1:0\" }\nlisteners", admin + "\" }\nlisteners"))) {
            String loud = baton.listener("loud");
            try (BatonProcess tail = BatonProcess.start(folder, "tail", "--json", "--admin", admin)) {
                await().atMost(Duration.ofSeconds(60)).until(() -> {
                    say(loud, "hello");
                    return !tail.text().isEmpty();
                });
                assertThat(new JsonObject(tail.text().lines().findFirst().orElseThrow()).getString("path"))
                        .isEqualTo("hello");
                assertThat(BatonProcess.run(folder, "stop", "--admin", admin).code())
                        .isZero();
                assertThat(baton.exitCode()).isZero();
                Outcome end = tail.outcome();
                assertThat(end.code()).isEqualTo(1);
                assertThat(end.text())
                        .endsWith("the process shows no more: it stops, has ended, or has this token no longer");
            }
        }
    }

    @Test
    void shouldRefuseAPluginForAnotherSpiAndSayWhatIsMissing() throws Exception {
        plugin("shout", "1.0");
        Files.writeString(folder.resolve("baton.yaml"), YAML);
        Outcome check = BatonProcess.run(folder, "check");
        assertThat(check.code()).as(check.text()).isEqualTo(78);
        assertThat(check.text())
                .contains("shout.jar was compiled against SPI 1.0, this Baton has SPI " + SPI)
                .contains("baton.yaml:7:17: services.loud.type: there is no service type 'shout'");
        Outcome plugins = BatonProcess.run(folder, "plugins");
        assertThat(plugins.code()).isZero();
        assertThat(plugins.text()).contains("this Baton has SPI " + SPI);
    }

    /**
     * A plugin that cannot be loaded may be the one that checks tokens: nothing starts without it unless somebody says
     * so.
     */
    @Test
    void shouldNotStartWithoutAPluginThatCannotBeLoaded() throws Exception {
        plugin("shout", SPI);
        plugin("twin", SPI);
        Files.writeString(folder.resolve("baton.yaml"), YAML);
        for (String command : List.of("check", "run")) {
            Outcome outcome = BatonProcess.run(folder, command);
            assertThat(outcome.code()).as(outcome.text()).isEqualTo(78);
            assertThat(outcome.text())
                    .contains("plugin twin cannot be loaded: ")
                    .contains("claimed already by plugin 'shout'")
                    .contains("plugins: { optional: [twin] }");
        }
        try (BatonProcess baton = BatonProcess.serve(folder, YAML + "  optional: [twin]\n")) {
            assertThat(baton.text()).contains("plugin twin not loaded: ");
            assertThat(say(baton.listener("loud"), "hello")).isEqualTo("HELLO?!\n");
        }
    }

    @Tag("long")
    @Test
    void shouldNotBeUpgradedToWhatHasACorruptPlugin() throws Exception {
        plugin("shout", SPI);
        try (BatonProcess baton = BatonProcess.serve(folder, YAML)) {
            Path jar = folder.resolve("mine/shout/shout.jar");
            Files.write(jar, new byte[100]); // in place, as cp does
            Outcome upgrade = BatonProcess.run(folder, "upgrade", "--admin", baton.admin());
            assertThat(upgrade.code()).as(upgrade.text()).isEqualTo(78);
            assertThat(upgrade.text()).contains("shout.jar cannot be read as a jar");
            // The old process goes on with the jar as it was, and with classes that it loads only now.
            assertThat(say(baton.listener("loud"), "hello")).isEqualTo("HELLO?!\n");
        }
    }

    @Test
    void shouldNotStartWithoutAPluginThatIsRequired() throws Exception {
        plugin("shout", SPI);
        Files.writeString(folder.resolve("baton.yaml"), YAML + "  require: [\"shout >= 8\", auth]\n");
        Outcome check = BatonProcess.run(folder, "check");
        assertThat(check.code()).as(check.text()).isEqualTo(78);
        assertThat(check.text())
                .contains("baton.yaml:10:13: plugins.require: the plugin 'shout' has version 7.1, needed is 8 or later")
                .contains("baton.yaml:10:27: plugins.require: there is no plugin 'auth'");
    }
}
