package dev.baton.it.listener;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.addresslist.AddressListPlugin;
import dev.baton.plugin.http.HttpPlugin;
import dev.baton.plugin.proxyprotocol.ProxyProtocolPlugin;
import dev.baton.plugin.tcpproxy.TcpProxyPlugin;
import dev.baton.spi.admin.LoopResult;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Origin;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.Where;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Timeout;

/**
 * Filters before a service: what the service sees of a connection that had to wait for them, and what becomes of one
 * that they do not let through.
 */
@Timeout(60)
class ConnectionFiltersIT {
    private static final String HEADER = "PROXY TCP4 192.0.2.7 198.51.100.9 4711 443\r\n";
    private static final Duration GRACE = Duration.ofSeconds(20);

    // ---- the bundled ones -------------------------------------------------------------------------------------------

    private static Origin proxy(PluginWorld world, String filters) {
        Origin origin = world.origin();
        world.plugin(HttpPlugin.class)
                .plugin(TcpProxyPlugin.class)
                .plugin(ProxyProtocolPlugin.class)
                .plugin(AddressListPlugin.class);
        world.start("""
                listeners:
                  web: { bind: "127.0.0.1:0", service: shop, filters: [ %1$s ] }
                  in: { bind: "127.0.0.1:0", service: pass, filters: [ %1$s ] }
                services:
                  shop: { type: http, upstream: app }
                  pass: { type: tcp-proxy, upstream: app }
                upstreams: { app: { servers: ["%2$s"] } }
                """.formatted(filters, origin.address()));
        return origin;
    }

    private static String get() {
        return "GET / HTTP/1.1\r\nHost: test\r\n\r\n";
    }

    @InEachWorld
    void shouldForwardTheAddressThatTheHeaderTells(PluginWorld world) {
        Origin origin = proxy(world, "proxy-protocol");
        world.connect("web").send(HEADER + get());
        assertThat(origin.accept().readUntil("\r\n\r\n")).contains("X-Forwarded-For: 192.0.2.7\r\n");
    }

    /** A list behind the header is about clients, one before it about load balancers. */
    @InEachWorld
    void shouldAskOneFilterAfterTheOther(PluginWorld world) {
        Origin origin = proxy(
                world,
                "{ type: address-list, allow: [ 127.0.0.1 ] }, proxy-protocol,"
                        + " { type: address-list, deny: [ 192.0.2.8 ] }");
        world.connect("web").send(HEADER + get());
        origin.accept().readUntil("\r\n\r\n");
        Peer denied = world.connect("web");
        denied.send(HEADER.replace("192.0.2.7", "192.0.2.8") + get());
        denied.expectReset();
        assertThat(refused(world, "web", "address-list")).isOne();
    }

    /**
     * The tcp-proxy reads nothing before it has a connection to its server: what came behind the header waits for that.
     */
    @InEachWorld
    void shouldGiveToATcpProxyWhatCameBehindTheHeader(PluginWorld world) {
        Origin origin = proxy(world, "proxy-protocol");
        Peer client = world.connect("in");
        client.send(HEADER + "question");
        client.shutdownOutput();
        Peer server = origin.accept();
        server.expect("question");
        server.expectEnd();
        server.send("answer");
        client.expect("answer");
    }

    // ---- others -----------------------------------------------------------------------------------------------------

    private static void scripted(PluginWorld world, String more) {
        world.plugin(GatePlugin.class);
        world.start("""
                listeners: { in: { bind: "127.0.0.1:0", service: told, %s } }
                services: { told: { type: told } }
                """.formatted(more));
    }

    private static long refused(PluginWorld world, String listener, String filter) {
        return world.metrics()
                .counter("baton_connections_refused_total", "", "listener", listener, "filter", filter)
                .count();
    }

    private static long errors(PluginWorld world) {
        return world.metrics()
                .counter("baton_plugin_errors_total", "", "plugin", "gate")
                .count();
    }

    /** The service has every event in the order in which it came, although its handler is the last to come. */
    @InEachWorld
    void shouldHoldBackWhatComesWhileAFilterWaits(PluginWorld world) {
        scripted(world, "filters: [ gate ]");
        Peer client = world.connect("in");
        client.send("hello");
        GatePlugin.Waiting waiting = GatePlugin.next(world);
        world.await("what was sent", () -> waiting.seen().equals("hello"));
        waiting.next().proceed(); // from another thread
        client.expect("active hello ");
        client.send("again");
        client.expect("again ");
    }

    @InEachWorld
    void shouldPassAtOnceWhatNeedNotWait(PluginWorld world) {
        scripted(world, "filters: [ { type: gate, does: pass }, { type: gate, does: pass } ]");
        Peer client = world.connect("in");
        client.send("hello");
        client.expect("active hello ");
    }

    @InEachWorld
    void shouldCountTheFirstDecisionOnly(PluginWorld world) {
        scripted(world, "filters: [ gate, gate ]");
        Peer client = world.connect("in");
        GatePlugin.Waiting first = GatePlugin.next(world);
        first.next().proceed();
        GatePlugin.Waiting second = GatePlugin.next(world);
        first.next().refuse("too late");
        first.next().proceed();
        second.next().proceed();
        second.next().refuse("too late");
        client.expect("active ");
        client.send("hello");
        client.expect("hello ");
        assertThat(refused(world, "in", "gate")).isZero();
    }

    @InEachWorld
    void shouldResetWhatIsRefused(PluginWorld world) {
        scripted(world, "filters: [ gate ]");
        Peer client = world.connect("in");
        client.send("hello");
        GatePlugin.next(world).next().refuse("not today");
        client.expectReset();
        assertThat(refused(world, "in", "gate")).isOne();
    }

    @InEachWorld
    void shouldLoseOnlyTheConnectionOfAFilterThatThrows(PluginWorld world) {
        world.expectErrors();
        scripted(world, "filters: [ { type: gate, does: throw } ]");
        for (int i = 1; i <= 2; i++) {
            world.connect("in").expectReset();
            assertThat(errors(world)).isEqualTo(i);
        }
    }

    @InEachWorld
    void shouldLoseOnlyTheConnectionOfAHandlerThatThrows(PluginWorld world) {
        world.expectErrors();
        scripted(world, "filters: [ { type: gate, does: throw-later } ]");
        for (int i = 1; i <= 2; i++) {
            Peer client = world.connect("in");
            client.send("hello");
            client.expectReset();
            assertThat(errors(world)).isEqualTo(i);
        }
    }

    @InEachWorld(worlds = Where.SIMULATION, because = "it lasts for seconds")
    void shouldResetWhatIsUndecidedForTooLong(PluginWorld world) {
        scripted(world, "filters: [ gate, gate ], accept-timeout: 5s");
        Peer client = world.connect("in");
        world.pass(Duration.ofSeconds(3));
        GatePlugin.next(world).next().proceed();
        GatePlugin.Waiting second = GatePlugin.next(world);
        world.pass(Duration.ofMillis(1_900)); // the time is for all filters together
        client.expectNothing();
        world.pass(Duration.ofMillis(200));
        client.expectReset();
        second.next().proceed();
        assertThat(refused(world, "in", "gate")).isOne();
        assertThat(GatePlugin.initialized()).isZero();
    }

    // ---- an end while a filter waits --------------------------------------------------------------------------------

    @InEachWorld(worlds = Where.SIMULATION, because = "it lasts for seconds")
    void shouldCloseWhatStillWaitsWhenTheListenerIsUnbound(PluginWorld world) {
        scripted(world, "filters: [ gate ], accept-timeout: 1h");
        Peer client = world.connect("in");
        GatePlugin.Waiting waiting = GatePlugin.next(world);
        CompletionStage<ListenerResult> unbound =
                world.control().listener("in").orElseThrow().unbind(GRACE);
        assertThat(world.await(unbound).outcome()).isEqualTo(ListenerResult.Outcome.UNBOUND);
        client.expectEnd();
        waiting.next().proceed();
        assertThat(GatePlugin.initialized()).isZero();
    }

    /** It has come in, and is served as one that has just sent its first request. */
    @InEachWorld(worlds = Where.SIMULATION, because = "the time of a drain")
    void shouldDrainWhatADecisionLetsThroughMeanwhile(PluginWorld world) {
        scripted(world, "filters: [ gate ], accept-timeout: 1h");
        Peer client = world.connect("in");
        GatePlugin.Waiting waiting = GatePlugin.next(world);
        CompletionStage<ListenerResult> unbound =
                world.control().listener("in").orElseThrow().unbind(GRACE);
        waiting.next().proceed();
        client.expect("active drained ");
        client.expectEnd();
        world.await(unbound);
        assertThat(GatePlugin.initialized()).isOne();
    }

    /** With all it has: what was held, and the timer of the accept-timeout. */
    @InEachWorld(worlds = Where.SIMULATION, because = "it lasts for seconds")
    void shouldWaitFurtherOnAnotherLoop(PluginWorld world) {
        scripted(world, "filters: [ gate ], accept-timeout: 5s");
        Peer[] clients = new Peer[2];
        GatePlugin.Waiting[] waiting = new GatePlugin.Waiting[clients.length];
        for (int i = 0; i < clients.length; i++) {
            clients[i] = world.connect("in");
            clients[i].send("hello");
            waiting[i] = GatePlugin.next(world);
            GatePlugin.Waiting each = waiting[i];
            world.await("what was sent", () -> each.seen().equals("hello"));
            int before = each.connection().loop().id();
            each.takeAway();
            world.await("another loop", () -> each.connection().loop().id() != before);
        }
        waiting[0].next().proceed();
        clients[0].expect("active hello ");
        world.pass(Duration.ofMillis(5_100));
        clients[1].expectReset();
        clients[0].send("again");
        clients[0].expect("again ");
        assertThat(refused(world, "in", "gate")).isOne();
    }

    private record Undecided(Peer client, GatePlugin.Waiting waiting) {}

    /** Connections that wait for a decision, one or more on each loop, with what they have sent. */
    private static List<Undecided> undecided(PluginWorld world) {
        List<Undecided> all = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Peer client = world.connect("in");
            client.send("hello");
            GatePlugin.Waiting waiting = GatePlugin.next(world);
            world.await("what was sent", () -> waiting.seen().equals("hello"));
            int owner = i % 2;
            if (waiting.connection().loop().id() != owner) {
                waiting.takeAway();
                world.await("its loop", () -> waiting.connection().loop().id() == owner);
            }
            all.add(new Undecided(client, waiting));
        }
        return all;
    }

    private static void areServedOn(int loop, List<Undecided> all, PluginWorld world) {
        for (Undecided each : all) {
            world.await("another loop", () -> each.waiting().connection().loop().id() == loop);
            each.waiting().next().proceed();
            each.client().expect("active hello ");
            each.client().send("again");
            each.client().expect("again ");
        }
    }

    /** F18: a loop that is told to retire owns connections that a filter has not decided about. */
    @InEachWorld
    void shouldLetALoopRetireOnWhichConnectionsWait(PluginWorld world) {
        scripted(world, "filters: [ gate ], accept-timeout: 1h");
        List<Undecided> all = undecided(world);
        assertThat(world.await(world.control().retireLoop(1)).outcome()).isEqualTo(LoopResult.Outcome.RETIRED);
        areServedOn(0, all, world);
    }

    /** F18: decisions come while the loop retires: each counts once, wherever its connection is. */
    @InEachWorld
    void shouldDecideWhileTheLoopRetires(PluginWorld world) {
        scripted(world, "filters: [ gate ], accept-timeout: 1h");
        List<Undecided> all = undecided(world);
        CompletionStage<LoopResult> retired = world.control().retireLoop(1);
        all.forEach(each -> each.waiting().next().proceed());
        for (Undecided each : all) {
            each.client().expect("active hello ");
        }
        assertThat(world.await(retired).outcome()).isEqualTo(LoopResult.Outcome.RETIRED);
        assertThat(GatePlugin.initialized()).isEqualTo(all.size());
    }

    /**
     * F18: a rescue takes what waits for a filter's decision. A loop at rest is to it as one that is blocked: it makes
     * no progress.
     */
    @InEachWorld
    void shouldBeRescuedWhileAFilterWaits(PluginWorld world) {
        scripted(world, "filters: [ gate ], accept-timeout: 1h");
        List<Undecided> all = undecided(world);
        world.await("all are rescued", () -> {
            GatePlugin.rescue(1); // again if a turn of the loop has ended the rescue before
            return all.stream()
                    .allMatch(each -> each.waiting().connection().loop().id() == 0);
        });
        areServedOn(0, all, world);
    }
}
