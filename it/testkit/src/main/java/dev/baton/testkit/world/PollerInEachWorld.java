package dev.baton.testkit.world;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.Plugin;
import java.util.ArrayList;
import java.util.List;

/**
 * A poller plugin in a whole server: bursts, half-closed streams, resets, and a connection that is silent for long. The
 * test of a plugin extends this.
 */
public abstract class PollerInEachWorld {
    private final Class<? extends Plugin> plugin;
    private final String poller;

    /**
     * For a plugin's test.
     *
     * @param plugin what contributes the poller
     * @param poller as the configuration names it
     */
    protected PollerInEachWorld(Class<? extends Plugin> plugin, String poller) {
        this.plugin = plugin;
        this.poller = poller;
    }

    private void start(PluginWorld world) {
        world.plugin(plugin);
        world.start("""
                poller: POLLER
                listeners: { web: { bind: "127.0.0.1:0", service: echo } }
                services: { echo: { type: testkit-echo } }
                """.replace("POLLER", poller));
        assertThat(world.view().status().poller()).isEqualTo(poller);
    }

    @InEachWorld
    final void shouldWakeItsLoopForEachConnection(PluginWorld world) {
        start(world);
        Peer silent = world.connect("web");
        List<Peer> clients = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            Peer client = world.connect("web");
            client.send("first " + i);
            clients.add(client);
        }
        for (int i = 0; i < clients.size(); i++) {
            Peer client = clients.get(i);
            client.expect("first " + i);
            client.send("second " + i);
            client.expect("second " + i);
            if (i % 2 == 0) {
                client.reset();
            } else {
                client.shutdownOutput();
                client.expectEnd();
            }
        }
        silent.send("still here");
        silent.expect("still here");
    }

    /** More than the buffers hold: the loop has to wait for room, too. */
    @InEachWorld
    final void shouldWaitForRoom(PluginWorld world) {
        start(world);
        String much = "0123456789".repeat(world.where() == Where.REAL ? 500_000 : 2_000);
        Peer client = world.connect("web");
        client.send(much);
        client.expect(much);
    }
}
