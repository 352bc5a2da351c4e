package __package__;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.HttpPlugin;
import dev.baton.testkit.world.HttpOrigin;
import dev.baton.testkit.world.HttpPeer;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.PluginWorld;

/** The balancer in a whole server: under the schedules of the simulation, and on real sockets. */
class __Name__WorldTest {

    @InEachWorld
    void shouldFillTheFirstServerFirst(PluginWorld world) {
        world.plugin(HttpPlugin.class).plugin(__Name__Plugin.class);
        HttpOrigin one = world.httpOrigin();
        HttpOrigin two = world.httpOrigin();
        world.start("""
                listeners: { web: { bind: "127.0.0.1:0", service: shop } }
                services: { shop: { type: http, upstream: app } }
                upstreams:
                  app: { servers: ["%s", "%s"], balance: { type: __id__, requests: 1 } }
                """.formatted(one.address(), two.address()));
        HttpPeer first = world.http("web").send("GET /first");
        HttpPeer server = one.accept();
        assertThat(server.receive().target()).isEqualTo("/first");
        HttpPeer second = world.http("web").send("GET /second");
        assertThat(two.serve(200, "from two").target()).isEqualTo("/second");
        server.respond(200, "from one");
        assertThat(first.receive().text()).isEqualTo("from one");
        assertThat(second.receive().text()).isEqualTo("from two");
    }
}
