package dev.baton.plugin.demoorigin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;

/** Each thing that the demo origin can be asked for, by a client on a connection that it keeps. */
class DemoOriginWorldTest {

    @InEachWorld
    void shouldAnswerOneAfterTheOther(PluginWorld world) {
        world.plugin(DemoOriginPlugin.class);
        world.start("""
                listeners: { web: { bind: "127.0.0.1:0", service: page } }
                services: { page: { type: demo-origin } }
                """);
        Peer client = world.connect("web");
        client.send("GET /bytes/9000 HTTP/1.1\r\nHost: test\r\n\r\n");
        assertThat(client.readUntil("\r\n\r\n"))
                .startsWith("HTTP/1.1 200 OK")
                .containsIgnoringCase("content-length: 9000");
        assertThat(client.read(9000)).hasSize(9000);

        client.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello");
        assertThat(client.readUntil("\r\n\r\n")).startsWith("HTTP/1.1 200 OK");
        assertThat(client.readUntil("hello")).endsWith("hello");

        Peer patient = world.connect("web");
        patient.send("GET /delay/40 HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        assertThat(patient.readAll()).startsWith("HTTP/1.1 200 OK");

        Peer hasty = world.connect("web");
        hasty.send("GET /delay/4000 HTTP/1.1\r\nHost: test\r\n\r\n");
        hasty.reset();
    }
}
