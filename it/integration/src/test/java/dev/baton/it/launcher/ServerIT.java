package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.baton.runtime.server.ConfigSource;
import dev.baton.runtime.server.Foundation;
import dev.baton.runtime.server.Installation;
import dev.baton.runtime.server.Server;
import dev.baton.runtime.server.StartException;
import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.OpenFds;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A whole server inside the test: starts, stops at odd moments, and what is left of it. */
@Timeout(120)
class ServerIT {
    private static final String YAML = """
            version: 1
            loops: 2
            admin: { listen: "127.0.0.1:0" }
            listeners:
              a: { bind: "127.0.0.1:0", service: page }
              b: { bind: "127.0.0.1:BUSY", service: page }
            services:
              page: { type: http, routes: [ { handler: demo-origin } ] }
            """;

    @TempDir
    Path folder;

    private Server assemble(int busy) throws Exception {
        Path file = folder.resolve("baton.yaml");
        Files.writeString(file, YAML.replace("BUSY", Integer.toString(busy)));
        ConfigSource source = ConfigSource.find(file);
        Foundation foundation = Foundation.lay(
                new Installation("test", List.of(BatonProcess.distribution().resolve("plugins"))), source.reader());
        return Server.assemble(foundation, foundation.read(source));
    }

    @Test
    void shouldLeaveNoFdBehind() throws Exception {
        lifeOfAServer(); // the JDK's own, for the test's client, come with the first one and stay
        Set<String> before = OpenFds.now();
        for (int i = 0; i < 3; i++) {
            lifeOfAServer();
            // A poller's own fds go with its last user, who may be the thread that woke it up for the end.
            await().untilAsserted(() -> assertThat(OpenFds.now()).isSubsetOf(before));
        }
    }

    private void lifeOfAServer() throws Exception {
        Server server = assemble(0);
        List<String> said = new ArrayList<>();
        try {
            server.open();
            server.start(said::add);
            assertThat(said).hasSize(1).first().asString().startsWith("admin on 127.0.0.1:");
            String line = server.listenerLines().get(0);
            try (Client client =
                    Client.connect(line.substring(0, line.indexOf(" ("))).ask("/bytes/10")) {
                assertThat(client.finish().rest()).startsWith("HTTP/1.1 200 OK");
            }
            server.stop(Duration.ofSeconds(20));
            assertThat(server.stopped().get(20, TimeUnit.SECONDS).cut()).isZero();
        } finally {
            server.end();
        }
    }

    @Test
    void shouldStopBeforeItServes() throws Exception {
        Server server = assemble(0);
        server.stop(null);
        server.open();
        server.start(line -> {
            throw new AssertionError("after a stop nothing starts: " + line);
        });
        assertThat(server.stopped().get(20, TimeUnit.SECONDS).cut()).isZero();
        server.end();
    }

    @Test
    void shouldNameWhatCannotBeBound() throws Exception {
        try (ServerSocket busy = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Server server = assemble(busy.getLocalPort());
            assertThatExceptionOfType(StartException.class)
                    .isThrownBy(server::open)
                    .withMessage("listener b: cannot bind tcp 127.0.0.1:" + busy.getLocalPort()
                            + ": EADDRINUSE (another process listens there; ss -ltnp shows it)")
                    .satisfies(e -> assertThat(e.kind()).isEqualTo(StartException.Kind.CANNOT_BIND));
            server.end();
        }
    }
}
