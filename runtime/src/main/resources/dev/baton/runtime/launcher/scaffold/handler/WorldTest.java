package __package__;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.HttpPlugin;
import dev.baton.testkit.world.HttpPeer;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.PluginWorld;

/** The handler in a whole server: under the schedules of the simulation, and on real sockets. */
class __Name__WorldTest {

    @InEachWorld
    void shouldAnswerOnWhicheverLoopTheConnectionIs(PluginWorld world) {
        world.plugin(HttpPlugin.class).plugin(__Name__Plugin.class);
        world.start("""
                listeners: { web: { bind: "127.0.0.1:0", service: page } }
                services: { page: { type: http, routes: [ { handler: { type: __id__, greeting: "at " } } ] } }
                """);
        HttpPeer client = world.http("web").send("GET /one");
        assertThat(client.receive().text()).isEqualTo("at /one\n");
        world.retireLoop(1); // the connection may have been on it
        client.send("GET /two");
        assertThat(client.receive().text()).isEqualTo("at /two\n");
    }
}
