package __package__;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.HttpPlugin;
import dev.baton.testkit.world.HttpFilterInEachWorld;
import dev.baton.testkit.world.HttpOrigin;
import dev.baton.testkit.world.HttpPeer;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.PluginWorld;

/** The filter in a whole server: under the schedules of the simulation, and on real sockets. */
class __Name__WorldTest extends HttpFilterInEachWorld {
    __Name__WorldTest() {
        super(HttpPlugin.class, __Name__Plugin.class);
    }

    @Override
    protected String filter() {
        return "{ type: __id__, field: X-Test, value: good }";
    }

    @InEachWorld
    void shouldAddTheField(PluginWorld world) {
        HttpOrigin origin = start(world);
        HttpPeer client = world.http("web").send("GET /");
        origin.serve(200, "body");
        assertThat(client.receive().field("X-Test")).isEqualTo("good");
    }
}
