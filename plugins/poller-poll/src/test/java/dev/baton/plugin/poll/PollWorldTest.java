package dev.baton.plugin.poll;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.Where;
import java.util.ArrayList;
import java.util.List;

/** Loops that wait by poll: bursts, half-closed streams, resets, and a connection that is silent for long. */
class PollWorldTest {
    private static final String ECHO = """
            poller: poll
            listeners: { web: { bind: "127.0.0.1:0", service: echo } }
            services: { echo: { type: testkit-echo } }
            """;

    @InEachWorld
    void shouldWakeItsLoopForEachConnection(PluginWorld world) {
        world.plugin(PollPlugin.class);
        world.start(ECHO);
        assertThat(world.view().status().poller()).isEqualTo("poll");
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
    void shouldWaitForRoom(PluginWorld world) {
        world.plugin(PollPlugin.class);
        world.start(ECHO);
        String much = "0123456789".repeat(world.where() == Where.REAL ? 500_000 : 2_000);
        Peer client = world.connect("web");
        client.send(much);
        client.expect(much);
    }
}
