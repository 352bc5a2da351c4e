package dev.baton.it.pool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.balancers.BalancersPlugin;
import dev.baton.plugin.proxyprotocol.ProxyProtocolPlugin;
import dev.baton.plugin.tcpproxy.TcpProxyPlugin;
import dev.baton.spi.admin.PoolSnapshot;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Origin;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Timeout;

/** {@code balance:} of an upstream: which server a client of a real service gets. */
@Timeout(60)
class BalancingIT {
    private final List<Origin> origins = new ArrayList<>();

    private void start(PluginWorld world, String balance, int... weights) {
        List<String> servers = new ArrayList<>();
        for (int weight : weights) {
            Origin origin = world.origin();
            origins.add(origin);
            servers.add("{ address: \"" + origin.address() + "\", weight: " + weight + " }");
        }
        world.plugin(TcpProxyPlugin.class).plugin(BalancersPlugin.class).plugin(ProxyProtocolPlugin.class);
        world.start("""
                listeners:
                  in: { bind: "127.0.0.1:0", service: pass }
                  behind: { bind: "127.0.0.1:0", service: pass, filters: [ proxy-protocol ] }
                services: { pass: { type: tcp-proxy, upstream: app } }
                upstreams: { app: { servers: [ %s ]%s } }
                """.formatted(String.join(", ", servers), balance));
    }

    /** A client that reaches this server. */
    private Peer reaches(PluginWorld world, int server) {
        Peer client = world.connect("in");
        client.send("question");
        Peer there = origins.get(server).accept();
        there.expect("question");
        there.send("answer");
        client.expect("answer");
        return client;
    }

    @InEachWorld
    void shouldGiveEachServerItsShareInTurn(PluginWorld world) {
        start(world, "", 3, 1);
        for (int server : new int[] {0, 0, 1, 0, 0, 0, 1, 0}) {
            reaches(world, server);
        }
    }

    /** Needs exact counts: one stream that is not counted, or counted for ever, moves the next client. */
    @InEachWorld
    void shouldChooseTheServerWithTheFewestStreams(PluginWorld world) {
        start(world, ", balance: least-requests", 1, 1);
        Peer first = reaches(world, 0);
        reaches(world, 1);
        Peer second = reaches(world, 0);
        reaches(world, 1);
        first.reset();
        second.reset();
        world.await(
                "the streams of the first server to end",
                () -> world.view().pools().stream()
                        .allMatch(pool -> pool.inUse()
                                == (pool.server().equals(origins.get(0).address()) ? 0 : 2)));
        reaches(world, 0);
        reaches(world, 0);
    }

    private static List<Long> connects(PluginWorld world) {
        return world.view().pools().stream().map(PoolSnapshot::connects).toList();
    }

    @InEachWorld
    void shouldGiveAClientTheSameServerByTheAddressThatFiltersHaveFound(PluginWorld world) {
        start(world, ", balance: hash-client", 1, 1, 1);
        for (int client = 1; client <= 6; client++) {
            List<List<Long>> seen = new ArrayList<>();
            seen.add(connects(world));
            for (int port = 1; port <= 3; port++) {
                world.connect("behind").send("PROXY TCP4 192.0.2." + client + " 198.51.100.9 " + port + " 443\r\n");
                List<Long> before = seen.get(port - 1);
                world.await("a connection", () -> !connects(world).equals(before));
                seen.add(connects(world));
            }
            int changed = 0;
            for (int server = 0; server < 3; server++) {
                changed += seen.get(3).get(server).equals(seen.get(0).get(server)) ? 0 : 1;
            }
            assertThat(changed).as("servers of client %s", client).isOne();
        }
        assertThat(connects(world))
                .as("not all clients have one server")
                .filteredOn(each -> each > 0)
                .hasSizeGreaterThan(1);
    }
}
