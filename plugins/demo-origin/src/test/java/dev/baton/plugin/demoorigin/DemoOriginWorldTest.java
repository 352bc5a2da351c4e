package dev.baton.plugin.demoorigin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.HttpPlugin;
import dev.baton.testkit.world.HttpPeer;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import java.util.ArrayList;
import java.util.List;

/** Each thing that the demo origin can be asked for, by a client on a connection that it keeps. */
class DemoOriginWorldTest {
    /** More than the buffers on the way hold. */
    private static final int MUCH = 1_000_000;

    private static void start(PluginWorld world) {
        world.plugin(HttpPlugin.class).plugin(DemoOriginPlugin.class);
        world.start("""
                listeners: { web: { bind: "127.0.0.1:0", service: page, balance: least-loaded } }
                services: { page: { type: http, routes: [ { handler: demo-origin } ] } }
                """);
    }

    @InEachWorld
    void shouldAnswerOneAfterTheOther(PluginWorld world) {
        start(world);
        Peer client = world.connect("web");
        client.send("GET /bytes/9000 HTTP/1.1\r\nHost: test\r\n\r\n");
        assertThat(client.readUntil("\r\n\r\n"))
                .startsWith("HTTP/1.1 200 OK")
                .containsIgnoringCase("content-length: 9000");
        assertThat(client.read(9000)).hasSize(9000);

        client.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhe");
        assertThat(client.readUntil("he")).startsWith("HTTP/1.1 200 OK");
        client.send("llo");
        client.expect("llo");

        client.send("GET /bytes/300000 HTTP/1.1\r\nHost: test\r\n\r\n");
        assertThat(client.readUntil("\r\n\r\n")).containsIgnoringCase("content-length: 300000");
        assertThat(client.read(300_000)).hasSize(300_000);

        Peer patient = world.connect("web");
        patient.send("GET /delay/40 HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        assertThat(patient.readAll()).startsWith("HTTP/1.1 200 OK").endsWith("waited 40ms\n");

        Peer hasty = world.connect("web");
        hasty.send("GET /delay/4000 HTTP/1.1\r\nHost: test\r\n\r\n");
        hasty.reset();
    }

    /** Exchanges that wait for a timer, that stream to a client which reads nothing yet, and that stream what comes. */
    @InEachWorld
    void shouldContinueOnAnotherLoop(PluginWorld world) {
        start(world);
        List<HttpPeer> wait = new ArrayList<>();
        List<HttpPeer> read = new ArrayList<>();
        List<HttpPeer> echo = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            wait.add(world.http("web").send("GET /delay/50"));
            read.add(world.http("web").send("GET /bytes/" + MUCH));
            HttpPeer begins = world.http("web").sendHead("POST /echo").sendChunk("here ");
            begins.connection().readUntil("here ");
            echo.add(begins);
        }
        world.retireLoop(1);
        for (HttpPeer each : echo) {
            each.sendChunk("and there").endChunks();
            assertThat(each.connection().readUntil("0\r\n\r\n")).contains("and there");
        }
        for (HttpPeer each : wait) {
            assertThat(each.receive().text()).isEqualTo("waited 50ms\n");
        }
        for (HttpPeer each : read) {
            assertThat(each.receive().bytes()).hasSize(MUCH);
        }
    }
}
