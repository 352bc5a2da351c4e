package dev.baton.plugin.demoorigin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.HttpPlugin;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;

/** Each thing that the demo origin can be asked for, by a client on a connection that it keeps. */
class DemoOriginWorldTest {

    private static void start(PluginWorld world) {
        world.plugin(HttpPlugin.class).plugin(DemoOriginPlugin.class);
        world.start("""
                listeners: { web: { bind: "127.0.0.1:0", service: page } }
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
}
