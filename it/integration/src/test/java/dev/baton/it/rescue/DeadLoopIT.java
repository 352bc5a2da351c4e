package dev.baton.it.rescue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.spi.SpiVersion;
import dev.baton.testkit.ForwardingPoller;
import dev.baton.testkit.load.Crowd.Client;
import dev.baton.testkit.load.Crowd.Speech;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
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

/**
 * The thread of a loop dies, in a whole process: its connections go on with others, and another loop takes its place.
 */
@Timeout(value = 180, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DeadLoopIT {
    private static final List<String> CLASSES = List.of(
            FragilePlugin.class.getName(),
            FragilePlugin.Provider.class.getName(),
            FragilePlugin.class.getName() + "$Breakable",
            FragilePlugin.Kill.class.getName(),
            FragilePlugin.Kill.Which.class.getName(),
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
        attributes.putValue("Baton-Spi-Version", SpiVersion.MAJOR + "." + SpiVersion.MINOR);
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

    @Test
    void anotherOneTakesItsPlaceAndNothingIsLost() throws Exception {
        plugin();
        try (CrowdedBaton baton = CrowdedBaton.start(folder, 20_000_000, """
                        version: 1
                        loops: 3
                        poller: fragile
                        admin: { listen: "127.0.0.1:0" }
                        listeners:
                          web: { bind: "127.0.0.1:0", service: shop, balance: least-loaded }
                          raw: { bind: "127.0.0.1:0", service: pass, balance: least-loaded, loops: [1] }
                        services:
                          shop: { type: http, upstream: app }
                          pass: { type: tcp-proxy, upstream: app }
                        upstreams:
                          app: { servers: ["ORIGIN"], connect-timeout: 60s }
                        plugins: { path: ["mine"] }
                        """)) {
            String admin = baton.admin();
            List<Client> clients = new ArrayList<>();
            clients.addAll(baton.crowd().join(Speech.HTTP, baton.listener("web"), 60));
            clients.addAll(baton.crowd().join(Speech.LINES, baton.listener("raw"), 60));
            baton.everyoneIsServed(clients, 2);

            for (int mortal : List.of(1, 0, 2, 3)) {
                assertThat(baton.ofEachLoop("id")).contains(mortal);
                Web.post(admin, "/v1/kill?loop=" + mortal);
                await().atMost(CrowdedBaton.PATIENCE)
                        .until(() -> !baton.ofEachLoop("id").contains(mortal)
                                && baton.ofEachLoop("id").size() == 3);
                baton.everyoneIsServed(clients, 2);
                // Also of the listener whose only loop has died.
                clients.addAll(baton.crowd().join(Speech.LINES, baton.listener("raw"), 5));
                baton.everyoneIsServed(clients, 2);
            }
            await().atMost(CrowdedBaton.PATIENCE)
                    .untilAsserted(() -> assertThat(baton.process().text())
                            .contains("loop 1 has died", "loop 3 takes the place of loop 1", "loop 3 has ended"));
            assertThat(Web.get(admin, "/metrics").body()).containsPattern("baton_loop_deaths_total 4");
            assertThat(Web.get(admin, "/live").statusCode()).isEqualTo(200);
            assertThat(baton.crowd().failures()).isEmpty();
        }
    }
}
