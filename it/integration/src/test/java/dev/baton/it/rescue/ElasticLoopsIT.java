package dev.baton.it.rescue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.testkit.load.Crowd.Client;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Under {@code loops: auto} the loops follow the quota of a cgroup, here a folder that looks like one, under load. */
@Tag("long")
@Timeout(300)
class ElasticLoopsIT {
    private static final int CLIENTS = 60;
    private static final long PERIOD_NANOS = 20_000_000;
    private static final long PERIOD_MICROS = 100_000;

    @TempDir
    Path folder;

    @TempDir
    Path cgroup;

    /** Whichever version this machine has. */
    private void quota(int processors) throws IOException {
        Files.createDirectories(cgroup.resolve("cpu"));
        Files.createDirectories(cgroup.resolve("unified"));
        Files.writeString(cgroup.resolve("cpu/cpu.cfs_period_us"), PERIOD_MICROS + "\n");
        Files.writeString(cgroup.resolve("cpu/cpu.cfs_quota_us"), processors * PERIOD_MICROS + "\n");
        Files.writeString(cgroup.resolve("unified/cpu.max"), processors * PERIOD_MICROS + " " + PERIOD_MICROS + "\n");
    }

    @Test
    void connectionsStayWhileLoopsComeAndGo() throws Exception {
        quota(1);
        String options = "-Dbaton.cgroup.folder=" + cgroup + " -XX:ActiveProcessorCount=4";
        try (CrowdedBaton baton = CrowdedBaton.start(
                folder, PERIOD_NANOS, CrowdedBaton.PATIENCE, Map.of("BATON_JAVA_OPTS", options), """
                        version: 1
                        loops: auto
                        admin: { listen: "127.0.0.1:0" }
                        rescue: { spares: 0 }
                        listeners:
                          web: { bind: "127.0.0.1:0", service: shop, balance: least-loaded }
                          raw: { bind: "127.0.0.1:0", service: pass, balance: least-loaded }
                        services:
                          shop: { type: http, upstream: app }
                          pass: { type: tcp-proxy, upstream: app }
                        upstreams:
                          app: { servers: ["ORIGIN"] }
                        """)) {
            assertThat(baton.process().text()).contains("loops 1 (auto), ");
            List<Client> clients = baton.everyKind(CLIENTS);
            for (int processors : new int[] {4, 1}) {
                quota(processors);
                await().atMost(CrowdedBaton.PATIENCE).until(() -> baton.loops().size() == processors);
                baton.everyoneIsServed(clients, 3);
            }
            assertThat(baton.crowd().failures()).isEmpty();
            baton.nothingIsLeft();
        }
    }
}
