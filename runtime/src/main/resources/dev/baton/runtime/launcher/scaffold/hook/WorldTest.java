package __package__;

import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;

/** The hook in a whole server: under the schedules of the simulation, and on real sockets. */
class __Name__WorldTest {

    private static boolean isOpen(PluginWorld world, int connections) {
        return world.metrics().scrape().contains("baton___metric___open{kind=\"downstream\"} " + connections);
    }

    @InEachWorld
    void shouldCountConnections(PluginWorld world) {
        world.plugin(__Name__Plugin.class);
        world.start("""
                listeners: { in: { bind: "127.0.0.1:0", service: echo } }
                services: { echo: { type: testkit-echo } }
                """);
        Peer client = world.connect("in");
        client.send("hello");
        client.expect("hello");
        world.await("one connection", () -> isOpen(world, 1));
        client.close();
        world.await("no connection", () -> isOpen(world, 0));
    }
}
