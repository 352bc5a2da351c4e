package dev.baton.it.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.baton.it.dns.ScriptedDns;
import dev.baton.it.pool.UpstreamRig.Names;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.upstream.HostLookup;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.pool.Sharing;
import dev.baton.spi.upstream.UpstreamConnections;
import dev.baton.spi.upstream.UpstreamServer;
import dev.baton.testkit.TestLoops;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The servers of a service in DNS: found by its SRV records, followed by their TTL, let go of when they vanish. */
@Timeout(60)
class ServicesIT {
    private static final String SERVICE = "_http._tcp.shop.test";

    @ChannelHandler.Sharable
    private static final class Nothing extends ChannelInboundHandlerAdapter {}

    private static UpstreamRig rig(PollerProvider poller, Names names) {
        return new UpstreamRig(
                poller,
                2,
                List.of("srv:" + SERVICE),
                UpstreamRig.LONG,
                10,
                Duration.ofMinutes(1),
                Sharing.TAKEOVER,
                names);
    }

    private static ServerSocket listen() throws Exception {
        return new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
    }

    private static Set<String> inUse(UpstreamRig rig) {
        Set<String> addresses = new HashSet<>();
        for (int i = 0; i < 8; i++) {
            addresses.add(rig.upstream().next().address());
        }
        return addresses;
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void theServersOfAServiceAreConnectedToAndFollowed(PollerProvider poller, @TempDir Path folder) throws Exception {
        ExecutorService worker = Executors.newCachedThreadPool();
        try (ServerSocket one = listen();
                ServerSocket two = listen();
                ScriptedDns dns = new ScriptedDns();
                TestLoops loops = TestLoops.start(poller, 1)) {
            String first = "one.shop.test:" + one.getLocalPort();
            String second = "two.shop.test:" + two.getLocalPort();
            dns.is("one.shop.test", 300, "127.0.0.1");
            dns.is("two.shop.test", 300, "127.0.0.1");
            dns.isSilent(SERVICE);
            Names names = new Names(NamesIT.dns(folder, loops, worker, dns));
            try (UpstreamRig rig = rig(poller, names)) {
                UpstreamConnections connections = rig.connections(new Nothing());
                BatonLoop loop = rig.loops.loop(0);
                UpstreamServer standIn = rig.upstream().next();
                assertThat(standIn.address()).isEqualTo("srv:" + SERVICE);
                assertThatThrownBy(() -> rig.connect(connections, loop, standIn))
                        .hasMessageContaining("cannot resolve srv:" + SERVICE + ": no answer of");

                await().until(() -> names.answers.get() == 1); // by then the next lookup is planned
                dns.serves(SERVICE, 1, "0 1 " + one.getLocalPort() + " one.shop.test");
                names.pass(HostLookup.REFRESH);
                await().until(() -> names.answers.get() == 3);
                assertThat(inUse(rig)).containsExactly(first);
                // One that was chosen before the answer came is sent to the next.
                assertThatThrownBy(() -> rig.connect(connections, loop, standIn))
                        .hasMessageContaining("are known now");
                UpstreamServer server = rig.upstream().nextAfter(standIn);
                assertThat(server.address()).isEqualTo(first);
                MovableChannel idle = rig.connect(connections, loop, server);
                MovableChannel busy = rig.connect(connections, loop, server);
                rig.release(connections, loop, idle);

                dns.serves(SERVICE, 300, "0 1 " + two.getLocalPort() + " two.shop.test");
                int asked = names.asked.size();
                names.pass(Duration.ofMillis(999));
                assertThat(names.asked).as("its TTL").hasSize(asked);
                names.pass(Duration.ofMillis(1));
                await().until(() -> names.answers.get() == 5);
                assertThat(inUse(rig)).containsExactly(second);
                assertThat(idle.isOpen()).as("it may come back").isTrue();
                names.pass(Duration.ofSeconds(10));
                await().until(() -> !idle.isOpen());
                assertThat(busy.isOpen()).isTrue();
                assertThat(rig.snapshots()).extracting(row -> row.server()).containsExactly(first, second);
                rig.release(connections, loop, busy);
                await().until(() -> {
                    names.pass(Duration.ZERO);
                    return rig.snapshots().size() == 1;
                });
                assertThat(busy.isOpen()).isFalse();
                assertThat(rig.connect(connections, loop, rig.upstream().next()).isActive())
                        .isTrue();
            }
        } finally {
            worker.shutdownNow();
        }
    }
}
