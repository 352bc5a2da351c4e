package __package__;

import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import java.net.InetSocketAddress;

/** The kind of listener in a whole server: under the schedules of the simulation, and on real sockets. */
class __Name__WorldTest {

    @InEachWorld
    void shouldListen(PluginWorld world) {
        world.plugin(__Name__Plugin.class);
        world.start("""
                listeners: { in: { bind: "__id__@0", service: echo } }
                services: { echo: { type: testkit-echo } }
                """);
        String address = world.view().listeners().get(0).address();
        int port = Integer.parseInt(address.substring("__id__@".length()));
        Peer client = world.connect(new InetSocketAddress("127.0.0.1", port));
        client.send("hello");
        client.expect("hello");
    }
}
