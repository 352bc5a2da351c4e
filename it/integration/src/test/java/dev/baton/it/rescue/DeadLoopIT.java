package dev.baton.it.rescue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.ForwardingPoller;
import dev.baton.testkit.load.Crowd;
import dev.baton.testkit.load.Crowd.Client;
import dev.baton.testkit.load.Crowd.Speech;
import dev.baton.testkit.load.EchoOrigin;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The thread of a loop dies, in a whole process: its connections go on with others, and another loop takes its place. */
@Timeout(value = 180, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DeadLoopIT {
    private static final List<String> CLASSES = List.of(
            FragilePlugin.class.getName(),
            FragilePlugin.Provider.class.getName(),
            FragilePlugin.class.getName() + "$Breakable",
            FragilePlugin.Kill.class.getName(),
            FragilePlugin.Kill.Killed.class.getName(),
            ForwardingPoller.class.getName(),
            "dev.baton.plugin.epoll.EpollProvider",
            "dev.baton.plugin.epoll.EpollPoller");

    @TempDir
    Path folder;

    private void plugin() throws IOException {
        Path jar = Files.createDirectories(folder.resolve("mine/fragile")).resolve("fragile.jar");
        Manifest manifest = new Manifest();
        Attributes attributes = manifest.getMainAttributes();
        attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        attributes.putValue("Baton-Plugin-Id", "fragile");
        attributes.putValue("Baton-Plugin-Version", "1");
        attributes.putValue("Baton-Spi-Version", "1.0");
        attributes.putValue("Baton-Plugin-Class", FragilePlugin.class.getName());
        try (OutputStream out = Files.newOutputStream(jar);
                JarOutputStream jars = new JarOutputStream(out, manifest)) {
            for (String each : CLASSES) {
                String entry = each.replace('.', '/') + ".class";
                jars.putNextEntry(new JarEntry(entry));
                try (InputStream in = FragilePlugin.class.getClassLoader().getResourceAsStream(entry)) {
                    in.transferTo(jars);
                }
            }
        }
    }

    private static List<Integer> ids(String admin) throws Exception {
        return new JsonArray(Web.get(admin, "/v1/loops").body())
                .stream().map(row -> ((JsonObject) row).getInteger("id")).toList();
    }

    private static void everyoneIsServed(Crowd crowd, List<Client> clients) {
        for (int i = 0; i < 2; i++) {
            long[] before = Crowd.answers(clients);
            await().atMost(Duration.ofSeconds(60))
                    .pollInterval(Duration.ofMillis(5))
                    .until(() -> {
                        assertThat(crowd.failures()).isEmpty();
                        return Crowd.served(clients, before) == clients.size();
                    });
        }
    }

    @Test
    void anotherOneTakesItsPlaceAndNothingIsLost() throws Exception {
        plugin();
        try (EchoOrigin origin = EchoOrigin.start();
                BatonProcess baton = BatonProcess.serve(folder, """
                        version: 1
                        loops: 3
                        poller: fragile
                        admin: { listen: "127.0.0.1:0" }
                        listeners:
                          web: { bind: "127.0.0.1:0", service: shop, balance: least-loaded }
                          raw: { bind: "127.0.0.1:0", service: pass, balance: least-loaded, loops: [1] }
                        services:
                          shop: { type: http-proxy, upstream: app }
                          pass: { type: tcp-proxy, upstream: app }
                        upstreams:
                          app: { servers: ["ORIGIN"], connect-timeout: 60s }
                        plugins: { path: ["mine"] }
                        """.replace("ORIGIN", origin.address()));
                Crowd crowd = new Crowd(20_000_000)) {
            String admin = baton.admin();
            List<Client> clients = new ArrayList<>();
            clients.addAll(crowd.join(Speech.HTTP, baton.listener("web"), 60));
            clients.addAll(crowd.join(Speech.LINES, baton.listener("raw"), 60));
            everyoneIsServed(crowd, clients);

            for (int mortal : List.of(1, 0, 2, 3)) {
                assertThat(ids(admin)).contains(mortal);
                Web.post(admin, "/v1/kill?loop=" + mortal);
                await().atMost(Duration.ofSeconds(60))
                        .until(() -> !ids(admin).contains(mortal) && ids(admin).size() == 3);
                everyoneIsServed(crowd, clients);
                // Also of the listener whose only loop has died.
                clients.addAll(crowd.join(Speech.LINES, baton.listener("raw"), 5));
                everyoneIsServed(crowd, clients);
            }
            await().atMost(Duration.ofSeconds(60))
                    .untilAsserted(() -> assertThat(baton.text())
                            .contains("loop 1 has died", "loop 3 takes the place of loop 1", "loop 3 has ended"));
            assertThat(Web.get(admin, "/metrics").body()).containsPattern("baton_loop_deaths_total 4");
            assertThat(Web.get(admin, "/live").statusCode()).isEqualTo(200);
            assertThat(crowd.failures()).isEmpty();
        }
    }
}
