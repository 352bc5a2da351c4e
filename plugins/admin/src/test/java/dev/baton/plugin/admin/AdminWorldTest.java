package dev.baton.plugin.admin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.Where;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

/** The admin API of a server that serves: what it shows is what its clients see, and what it does is done. */
class AdminWorldTest {

    @InEachWorld(worlds = Where.REAL, because = "the admin API is served by Vert.x, which the simulation has not")
    void shouldShowAndUnbindAListener(PluginWorld world) {
        world.plugin(AdminPlugin.class);
        world.start("""
                admin: { listen: "127.0.0.1:0" }
                listeners: { web: { bind: "127.0.0.1:0", service: echo } }
                services: { echo: { type: testkit-echo } }
                """);
        Peer client = world.connect("web");
        client.send("hello");
        client.expect("hello");
        SocketAddress web = world.address("web");
        String said = world.said().get(0);
        assertThat(said).startsWith("admin on 127.0.0.1:");
        SocketAddress admin = new InetSocketAddress(
                InetAddress.getLoopbackAddress(), Integer.parseInt(said.substring(said.lastIndexOf(':') + 1)));

        assertThat(ask(world, admin, "GET /v1/listeners"))
                .startsWith("HTTP/1.1 200 OK")
                .contains("\"name\":\"web\"", "\"connections\":1");
        assertThat(ask(world, admin, "GET /v1/nothing")).startsWith("HTTP/1.1 404");
        client.close();
        assertThat(ask(world, admin, "POST /v1/listeners/web/unbind")).startsWith("HTTP/1.1 200 OK");
        assertThat(world.refuses(web)).isTrue();
    }

    private static String ask(PluginWorld world, SocketAddress admin, String request) {
        Peer operator = world.connect(admin);
        operator.send(request + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        return operator.readAll();
    }
}
