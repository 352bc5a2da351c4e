package __package__;

import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;

/** The service in a whole server: under the schedules of the simulation, and on real sockets. */
class __Name__WorldTest {

    private static Peer client(PluginWorld world, String service) {
        world.plugin(__Name__Plugin.class);
        world.start("""
                listeners: { in: { bind: "127.0.0.1:0", service: talk } }
                services: { talk: %s }
                """.formatted(service));
        return world.connect("in");
    }

    @InEachWorld
    void shouldGreet(PluginWorld world) {
        Peer client = client(world, "{ type: __id__ }");
        client.send("world");
        client.expect("hello, world");
    }

    @InEachWorld
    void shouldGreetOnWhicheverLoopTheConnectionIs(PluginWorld world) {
        Peer client = client(world, "{ type: __id__, greeting: '> ' }");
        client.send("1");
        client.expect("> 1");
        world.retireLoop(1); // the connection may have been on it
        client.send("2");
        client.expect("> 2");
    }
}
