package dev.baton.it.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.baton.it.dns.ScriptedDns;
import dev.baton.it.pool.UpstreamRig.Names;
import dev.baton.runtime.channel.FdDatagramChannel;
import dev.baton.runtime.channel.PinnedSocketChannel;
import dev.baton.runtime.dns.DnsLookup;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.metrics.Meters;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.pool.Sharing;
import dev.baton.spi.upstream.UpstreamConnections;
import dev.baton.testkit.TestLoops;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A server that has a name: all its addresses are used, and followed when they change. */
@Timeout(60)
class NamesIT {
    private static final InetAddress ONE = loopback(1);
    private static final InetAddress TWO = loopback(2);
    private static final InetAddress NOBODY = loopback(99);

    @ChannelHandler.Sharable
    private static final class Nothing extends ChannelInboundHandlerAdapter {}

    private final Names names = new Names();

    private static InetAddress loopback(int last) {
        try {
            return InetAddress.getByAddress(new byte[] {127, 0, 0, (byte) last});
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }

    /** On all addresses of the machine, at one port. */
    private static ServerSocket everywhere() throws IOException {
        return new ServerSocket(0, 100);
    }

    private UpstreamRig rig(PollerProvider poller, int port, Duration connectTimeout) {
        return new UpstreamRig(
                poller,
                2,
                List.of("app.test:" + port),
                connectTimeout,
                10,
                Duration.ofMinutes(1),
                Sharing.TAKEOVER,
                names);
    }

    private static InetAddress peer(MovableChannel connection) {
        return ((InetSocketAddress) connection.remoteAddress()).getAddress();
    }

    private static List<InetAddress> connect(UpstreamRig rig, UpstreamConnections connections, int times)
            throws Exception {
        List<InetAddress> peers = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            peers.add(peer(rig.connect(connections, rig.loops.loop(0))));
        }
        return peers;
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void allAddressesAreUsedInTurnAndLookedUpOnce(PollerProvider poller) throws Exception {
        names.is("app.test", ONE, TWO);
        try (ServerSocket server = everywhere();
                UpstreamRig rig = rig(poller, server.getLocalPort(), UpstreamRig.LONG)) {
            UpstreamConnections connections = rig.connections(new Nothing());
            assertThat(connect(rig, connections, 4)).containsExactly(ONE, TWO, ONE, TWO);
            assertThat(names.asked).hasSize(1);
            assertThat(rig.snapshot().inUse()).isEqualTo(4);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void idleConnectionsOfAllAddressesAreUsedInTurn(PollerProvider poller) throws Exception {
        names.is("app.test", ONE, TWO);
        try (ServerSocket server = everywhere();
                UpstreamRig rig = rig(poller, server.getLocalPort(), UpstreamRig.LONG)) {
            UpstreamConnections connections = rig.connections(new Nothing());
            BatonLoop loop = rig.loops.loop(0);
            MovableChannel one = rig.connect(connections, loop);
            MovableChannel two = rig.connect(connections, loop);
            rig.release(connections, loop, one);
            rig.release(connections, loop, two);
            List<InetAddress> taken = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                MovableChannel connection = rig.take(connections, loop);
                taken.add(peer(connection));
                rig.release(connections, loop, connection);
            }
            assertThat(taken).containsExactly(ONE, TWO, ONE, TWO);
            assertThat(rig.snapshot().idle()).isEqualTo(2);
            assertThat(rig.snapshot().reusesLocal()).isEqualTo(4);
        }
    }

    /** The first address refuses: the connect goes on to the second, and the first is left out then. */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aConnectGoesOnToTheNextAddress(PollerProvider poller) throws Exception {
        names.is("app.test", NOBODY, ONE);
        try (ServerSocket server = new ServerSocket(0, 100, ONE);
                UpstreamRig rig = rig(poller, server.getLocalPort(), UpstreamRig.LONG)) {
            UpstreamConnections connections = rig.connections(new Nothing());
            assertThat(connect(rig, connections, 6)).containsOnly(ONE);
            assertThat(rig.metric("baton_upstream_connect_failures_total", "upstream", "app"))
                    .isZero();
            assertThat(rig.channels).as("one was tried in vain").hasSize(7);
            assertThat(rig.snapshot().inUse()).isEqualTo(6);
        }
    }

    /** An address that swallows SYNs gets its share of the time, and the next one the rest. */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void anAddressThatSwallowsConnectsDoesNotTakeAllTheTime(PollerProvider poller) throws Exception {
        try (DeafServer deaf = new DeafServer();
                ServerSocket server = new ServerSocket()) {
            int port = Integer.parseInt(deaf.address().substring(deaf.address().indexOf(':') + 1));
            server.bind(new InetSocketAddress(TWO, port));
            names.is("app.test", ONE, TWO);
            try (UpstreamRig rig = rig(poller, port, Duration.ofSeconds(1))) {
                UpstreamConnections connections = rig.connections(new Nothing());
                assertThat(connect(rig, connections, 3)).containsOnly(TWO);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void anIpv6AddressIsUsedToo(PollerProvider poller) throws Exception {
        InetAddress six = InetAddress.getByAddress(new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
        names.is("app.test", NOBODY, six);
        try (ServerSocket server = new ServerSocket(0, 100, six);
                UpstreamRig rig = rig(poller, server.getLocalPort(), UpstreamRig.LONG)) {
            assertThat(connect(rig, rig.connections(new Nothing()), 2)).containsOnly(six);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void noAddressAnswersAndThatIsToldOnce(PollerProvider poller) throws Exception {
        names.is("app.test", NOBODY, loopback(98));
        try (ServerSocket server = new ServerSocket(0, 100, ONE);
                UpstreamRig rig = rig(poller, server.getLocalPort(), UpstreamRig.LONG)) {
            UpstreamConnections connections = rig.connections(new Nothing());
            for (int i = 0; i < 2; i++) {
                assertThatThrownBy(() -> rig.connect(connections, rig.loops.loop(0)))
                        .hasMessageContaining("ECONNREFUSED");
            }
            assertThat(rig.metric("baton_upstream_connect_failures_total", "upstream", "app"))
                    .isEqualTo(2);
        }
    }

    /**
     * What is idle is closed soon, what is in use when it is released; new connections go to the new address at once.
     */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void connectionsToAnAddressThatIsGoneAreLetGoOf(PollerProvider poller) throws Exception {
        names.is("app.test", ONE);
        try (ServerSocket server = everywhere();
                UpstreamRig rig = rig(poller, server.getLocalPort(), UpstreamRig.LONG)) {
            UpstreamConnections connections = rig.connections(new Nothing());
            BatonLoop loop = rig.loops.loop(0);
            MovableChannel idle = rig.connect(connections, loop);
            MovableChannel busy = rig.connect(connections, loop);
            MovableChannel tunnel = rig.connect(connections, loop);
            rig.release(connections, loop, idle);
            rig.release(connections, loop, rig.take(connections, loop));

            names.is("app.test", TWO);
            names.pass(1);
            assertThat(rig.take(connections, loop))
                    .as("of an address that is not in the answer")
                    .isNull();
            assertThat(connect(rig, connections, 1)).containsExactly(TWO);
            assertThat(idle.isOpen()).as("it may come back").isTrue();

            names.pass(2);
            await().until(() -> !idle.isOpen());
            assertThat(busy.isOpen()).isTrue();
            rig.release(connections, loop, busy);
            await().until(() -> !busy.isOpen());
            assertThat(tunnel.isOpen()).as("never released").isTrue();
            assertThat(rig.snapshots()).hasSize(1);
            assertThat(rig.snapshot().idle()).isZero();
            assertThat(rig.snapshot().inUse()).isEqualTo(2);
            assertThat(rig.snapshot().connects()).isEqualTo(4);
            assertThat(rig.snapshot().reusesLocal()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void anAddressThatIsMissingInOneAnswerKeepsItsConnections(PollerProvider poller) throws Exception {
        names.is("app.test", ONE);
        try (ServerSocket server = everywhere();
                UpstreamRig rig = rig(poller, server.getLocalPort(), UpstreamRig.LONG)) {
            UpstreamConnections connections = rig.connections(new Nothing());
            BatonLoop loop = rig.loops.loop(0);
            MovableChannel idle = rig.connect(connections, loop);
            rig.release(connections, loop, idle);
            names.is("app.test", TWO);
            names.pass(1);
            names.is("app.test", ONE);
            names.pass(1);
            assertThat(rig.take(connections, loop)).isSameAs(idle);
        }
    }

    /**
     * One name is silent; connects to it end in time, a connect to another name does not wait, and nobody asks twice at
     * once.
     */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aSilentNameHoldsUpNobodyElse(PollerProvider poller) throws Exception {
        names.is("app.test", ONE);
        try (ServerSocket server = everywhere();
                UpstreamRig rig = new UpstreamRig(
                        poller,
                        2,
                        List.of("silent.test:80", "app.test:" + server.getLocalPort()),
                        UpstreamRig.SHORT,
                        10,
                        Duration.ofMinutes(1),
                        Sharing.TAKEOVER,
                        names)) {
            UpstreamConnections connections = rig.connections(new Nothing());
            for (int i = 0; i < 2; i++) {
                assertThatThrownBy(() -> rig.connect(connections, rig.loops.loop(0)))
                        .hasMessageContaining("no answer of the name server");
            }
            assertThat(names.asked.stream().filter("silent.test"::equals)).hasSize(1);
            assertThat(rig.connect(connections, rig.loops.loop(0), 1).isActive())
                    .isTrue();
        }
    }

    static DnsLookup dns(Path folder, TestLoops loops, Executor worker, ScriptedDns server) throws IOException {
        Files.writeString(folder.resolve("resolv.conf"), "options timeout:1 attempts:1");
        return new DnsLookup(
                folder,
                List.of(server.address()),
                new DnsLookup.Transport(
                        loops.loop(0),
                        () -> new FdDatagramChannel(loops.env()),
                        () -> new PinnedSocketChannel(loops.env())),
                (host, reply) -> reply.failed("not known", false),
                worker,
                (delay, task) -> {},
                new Meters());
    }

    /** The address is followed when its TTL says so and not before, and stays when the name server fails. */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void theTtlOfAnAnswerIsFollowed(PollerProvider poller, @TempDir Path folder) throws Exception {
        ExecutorService worker = Executors.newCachedThreadPool();
        try (ServerSocket server = everywhere();
                ScriptedDns dns = new ScriptedDns();
                TestLoops loops = TestLoops.start(poller, 1)) {
            dns.is("app.test", 1, "127.0.0.1");
            Names overDns = new Names(dns(folder, loops, worker, dns));
            try (UpstreamRig rig = new UpstreamRig(
                    poller,
                    2,
                    List.of("app.test:" + server.getLocalPort()),
                    UpstreamRig.LONG,
                    10,
                    Duration.ofMinutes(1),
                    Sharing.TAKEOVER,
                    overDns)) {
                UpstreamConnections connections = rig.connections(new Nothing());
                assertThat(connect(rig, connections, 1)).containsExactly(ONE);
                await().until(() -> overDns.answers.get() == 1); // by then the next lookup is planned
                dns.is("app.test", 60, "127.0.0.2");
                overDns.pass(Duration.ofMillis(999));
                assertThat(overDns.asked).hasSize(1);
                overDns.pass(Duration.ofMillis(1));
                await().until(() -> overDns.answers.get() == 2);
                assertThat(connect(rig, connections, 1)).containsExactly(TWO);

                overDns.pass(Duration.ofMillis(59_999));
                assertThat(overDns.asked).as("a minute has not passed").hasSize(2);
                dns.refuses("app.test", 2);
                overDns.pass(Duration.ofMillis(1));
                await().until(() -> overDns.answers.get() == 3);
                assertThat(connect(rig, connections, 1)).containsExactly(TWO);
                dns.isSilent("app.test");
                overDns.pass(1);
                await().until(() -> overDns.answers.get() == 4);
                assertThat(connect(rig, connections, 1)).containsExactly(TWO);
            }
        } finally {
            worker.shutdownNow();
        }
    }
}
