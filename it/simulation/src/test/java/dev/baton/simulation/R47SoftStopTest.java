package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.HttpPlugin;
import dev.baton.plugin.takeover.ConnectionTakeoverPlugin;
import dev.baton.plugin.tcpproxy.TcpProxyPlugin;
import dev.baton.plugin.unbind.UnbindPlugin;
import dev.baton.spi.admin.StopReport;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Origin;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.Where;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * R47 (48678e483): a soft stop never ends, because of one connection, one queue or one pool that nobody has bounded. A
 * whole server, and for each kind of what does not end by itself a stop that lasts as long as its grace time and no
 * longer: what had not ended is cut and counted. What ends by itself does not wait for the grace time.
 */
class R47SoftStopTest {
    private static final String TIME = "it lasts for seconds; StopIT and LoopEndIT have it on real sockets";
    private static final Duration GRACE = Duration.ofSeconds(5);
    private static final Duration ALMOST = Duration.ofMillis(4_900);
    /** The cut, and the way until everybody knows of it. */
    private static final Duration SLACK = Duration.ofMillis(500);

    private static Origin start(PluginWorld world) {
        Origin origin = world.origin();
        world.plugin(UnbindPlugin.class)
                .plugin(ConnectionTakeoverPlugin.class)
                .plugin(HttpPlugin.class)
                .plugin(TcpProxyPlugin.class);
        world.start("""
                close-spread: 0s
                listeners:
                  web: { bind: "127.0.0.1:0", service: shop }
                  raw: { bind: "127.0.0.1:0", service: pass }
                  one: { bind: "127.0.0.1:0", service: pass, max-connections: 1, unbind: drain-backlog }
                services:
                  shop: { type: http, upstream: app, response-timeout: 1h, header-timeout: 1h, idle-timeout: 1h }
                  pass: { type: tcp-proxy, upstream: app }
                upstreams: { app: { servers: ["%s"] } }
                """.formatted(origin.address()));
        return origin;
    }

    private static StopReport stopsAfterTheGraceTime(PluginWorld world) {
        CompletableFuture<StopReport> stop = world.control().stop(GRACE).toCompletableFuture();
        world.pass(ALMOST);
        assertThat(stop).as("before its grace time is over").isNotDone();
        world.pass(SLACK);
        assertThat(stop).as("after its grace time").isDone();
        return stop.join();
    }

    @InEachWorld(worlds = Where.SIMULATION, because = TIME)
    void aStreamOnWhichNobodySaysAnything(PluginWorld world) {
        Origin origin = start(world);
        Peer client = world.connect("raw");
        client.send("hello");
        Peer server = origin.accept();
        server.expect("hello");
        assertThat(stopsAfterTheGraceTime(world)).isEqualTo(new StopReport(0, 1));
        client.readAll();
        server.readAll();
    }

    @InEachWorld(worlds = Where.SIMULATION, because = TIME)
    void aClientThatDoesNotTakeItsAnswer(PluginWorld world) {
        Origin origin = start(world);
        Peer client = world.connect("web");
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        Peer server = origin.accept();
        server.readUntil("\r\n\r\n");
        server.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + "x".repeat(2_000));
        assertThat(stopsAfterTheGraceTime(world)).isEqualTo(new StopReport(0, 1));
        client.readAll();
        server.readAll();
    }

    @InEachWorld(worlds = Where.SIMULATION, because = TIME)
    void aRequestThatIsNotCompleted(PluginWorld world) {
        start(world);
        Peer client = world.connect("web");
        client.send("GET / HTTP/1.1\r\n");
        world.await("it is served", () -> world.view().listeners().stream().anyMatch(each -> each.connections() == 1));
        world.pass(Duration.ofMillis(10));
        assertThat(stopsAfterTheGraceTime(world)).isEqualTo(new StopReport(0, 1));
        client.readAll();
    }

    @InEachWorld(worlds = Where.SIMULATION, because = TIME)
    void aServerThatDoesNotAnswer(PluginWorld world) {
        Origin origin = start(world);
        Peer client = world.connect("web");
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        Peer server = origin.accept();
        server.readUntil("\r\n\r\n");
        assertThat(stopsAfterTheGraceTime(world)).isEqualTo(new StopReport(0, 1));
        client.readAll();
        server.readAll();
    }

    /** Nobody leaves, so nobody can be let in: who waits in the kernel ends with the listener. */
    @InEachWorld(worlds = Where.SIMULATION, because = TIME)
    void aBacklogBehindAListenerThatIsFull(PluginWorld world) {
        Origin origin = start(world);
        Peer client = world.connect("one");
        client.send("hello");
        Peer server = origin.accept();
        server.expect("hello");
        Peer waiting = world.connect("one");
        CompletableFuture<StopReport> stop = world.control().stop(GRACE).toCompletableFuture();
        world.pass(GRACE.plus(SLACK));
        assertThat(stop).as("after its grace time").isDone();
        client.readAll();
        waiting.readAll();
        server.readAll();
    }

    /** Idle connections of both sides have nothing to wait for. */
    @InEachWorld(worlds = Where.SIMULATION, because = TIME)
    void whatIsIdleEndsAtOnce(PluginWorld world) {
        Origin origin = start(world);
        Peer client = world.connect("web");
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        Peer server = origin.accept();
        server.readUntil("\r\n\r\n");
        server.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage");
        client.readUntil("\r\n\r\n");
        client.expect("page");
        CompletableFuture<StopReport> stop = world.control().stop(GRACE).toCompletableFuture();
        world.pass(SLACK);
        assertThat(stop).isDone();
        assertThat(stop.join()).isEqualTo(new StopReport(1, 0));
        client.expectEnd();
    }
}
