package dev.baton.it.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.it.http.HttpStream.Message;
import dev.baton.it.pool.UpstreamRig;
import dev.baton.runtime.config.CheckConfig;
import dev.baton.spi.poller.PollerProvider;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Checks over real sockets: a server whose answers are wrong, or that is gone, gets no requests. */
@Timeout(60)
class CheckIT {
    private final Queue<String> seen = new ConcurrentLinkedQueue<>();
    private volatile int status = 200;

    private static CheckConfig every100Ms(CheckConfig.Type type) {
        return CheckConfig.of(type, Duration.ofMillis(100), Duration.ofSeconds(5), 2, 3);
    }

    /** One request on each connection, as the request asks for. */
    private void play(HttpStream connection, int number) throws Exception {
        Message request = connection.readRequest();
        if (request != null) {
            seen.add(request.line());
            connection.send("HTTP/1.1 " + status + " X\r\nContent-Length: 100000\r\n\r\nthe rest is not waited for");
        }
    }

    private static Set<String> inUse(UpstreamRig rig) {
        Set<String> addresses = new HashSet<>();
        for (int i = 0; i < 8; i++) {
            addresses.add(rig.upstream().next().address());
        }
        return addresses;
    }

    private static long downs(UpstreamRig rig, String server) {
        return rig.metrics
                .counter("baton_upstream_downs_total", "", "upstream", "app", "server", server)
                .count();
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aServerIsLeftOutAsLongAsItsAnswersAreWrong(PollerProvider poller) throws Exception {
        try (Origin one = new Origin(this::play);
                Origin other = new Origin((connection, number) -> {
                    connection.readRequest();
                    connection.send("HTTP/1.1 204 No Content\r\n\r\n");
                });
                UpstreamRig rig = UpstreamRig.checked(
                        poller, List.of(one.address(), other.address()), every100Ms(CheckConfig.Type.HTTP))) {
            await().until(() -> seen.size() > 3);
            assertThat(inUse(rig)).containsExactlyInAnyOrder(one.address(), other.address());
            status = 503;
            await().until(() -> downs(rig, one.address()) == 1);
            assertThat(inUse(rig)).containsExactly(other.address());
            status = 200;
            await().until(() -> inUse(rig).size() == 2);
            assertThat(downs(rig, one.address())).isOne();
            assertThat(seen).containsOnly("GET / HTTP/1.1");
            assertThat(rig.snapshots())
                    .as("checks use no pool")
                    .allSatisfy(row -> assertThat(row.connects() + row.idle() + row.inUse())
                            .isZero());
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aServerThatIsGoneIsDown(PollerProvider poller) throws Exception {
        try (ServerSocket gone = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
                ServerSocket there = new ServerSocket(0, 1000, InetAddress.getLoopbackAddress());
                UpstreamRig rig = UpstreamRig.checked(
                        poller,
                        List.of("127.0.0.1:" + gone.getLocalPort(), "127.0.0.1:" + there.getLocalPort()),
                        every100Ms(CheckConfig.Type.TCP))) {
            gone.accept().close();
            assertThat(inUse(rig)).hasSize(2);
            gone.close();
            await().until(() -> inUse(rig).equals(Set.of("127.0.0.1:" + there.getLocalPort())));
        }
    }

    /** The name of each server, at the port of the checks. */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aServerThatHasANameIsCheckedAtAnotherPort(PollerProvider poller) throws Exception {
        InetAddress up = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
        InetAddress down = InetAddress.getByAddress(new byte[] {127, 0, 0, 2});
        UpstreamRig.Names names = new UpstreamRig.Names();
        names.is("up.test", up);
        names.is("down.test", down);
        try (ServerSocket server = new ServerSocket(0, 100);
                ServerSocket check = new ServerSocket(0, 1000, up)) {
            Optional<String> none = Optional.empty();
            CheckConfig config = new CheckConfig(
                    CheckConfig.Type.TCP,
                    Duration.ofMillis(100),
                    Duration.ofSeconds(5),
                    2,
                    3,
                    Optional.of(check.getLocalPort()),
                    none,
                    none,
                    none,
                    none);
            String good = "up.test:" + server.getLocalPort();
            String bad = "down.test:" + server.getLocalPort();
            try (UpstreamRig rig = UpstreamRig.checked(poller, List.of(good, bad), config, names)) {
                check.accept().close();
                await().until(() -> downs(rig, bad) == 1);
                assertThat(inUse(rig)).containsExactly(good);
                assertThat(downs(rig, good)).isZero();
            }
        }
    }
}
