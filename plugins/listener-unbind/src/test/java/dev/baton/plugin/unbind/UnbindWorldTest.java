package dev.baton.plugin.unbind;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.ListenerResult.Outcome;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.Where;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** What becomes of a client's connection when its listener is unbound, and of the port. */
class UnbindWorldTest {
    private static final Duration GRACE = Duration.ofSeconds(5);

    private static Peer client(PluginWorld world, String strategy) {
        world.plugin(UnbindPlugin.class);
        world.start("""
                listeners: { web: { bind: "127.0.0.1:0", service: echo, unbind: %s } }
                services: { echo: { type: testkit-echo } }
                """.formatted(strategy));
        Peer client = world.connect("web");
        client.send("hello");
        client.expect("hello");
        return client;
    }

    private static CompletionStage<ListenerResult> unbind(PluginWorld world, Duration grace) {
        return world.control().unbindListener("web", grace, Optional.empty(), false);
    }

    @InEachWorld
    void shouldLetAConnectionFinish(PluginWorld world) {
        Peer client = client(world, "drain");
        SocketAddress address = world.address("web");
        CompletionStage<ListenerResult> unbinding = unbind(world, GRACE);
        world.await("the port is free", () -> world.refuses(address));
        client.send("and on");
        client.expect("and on");
        assertThat(unbinding.toCompletableFuture()).isNotDone();
        client.close();
        ListenerResult result = world.await(unbinding);
        assertThat(result.outcome()).isEqualTo(Outcome.UNBOUND);
        assertThat(result.detail()).contains("1 connection ended by itself");
    }

    @InEachWorld
    void shouldCutWhatDoesNotFinish(PluginWorld world) {
        Peer client = client(world, "drain");
        ListenerResult result = world.await(unbind(world, Duration.ofMillis(50)));
        assertThat(result.outcome()).isEqualTo(Outcome.UNBOUND);
        assertThat(result.detail()).contains("1 connection was closed after 50ms");
        client.expectEnd();
    }

    @InEachWorld
    void shouldCutAtOnce(PluginWorld world) {
        Peer client = client(world, "at-once");
        SocketAddress address = world.address("web");
        assertThat(world.await(unbind(world, GRACE)).outcome()).isEqualTo(Outcome.UNBOUND);
        client.expectEnd();
        assertThat(world.refuses(address)).isTrue();
    }

    /** Who was in the queue when the end came is served. */
    @InEachWorld
    void shouldServeTheBacklog(PluginWorld world) {
        Peer client = client(world, "drain-backlog");
        Peer late = world.connect("web");
        CompletionStage<ListenerResult> unbinding = unbind(world, GRACE);
        late.send("late");
        late.expect("late");
        late.close();
        client.close();
        assertThat(world.await(unbinding).outcome()).isEqualTo(Outcome.UNBOUND);
    }

    /** The listener is full: the backlog has its 5 s in vain, and the connection what is left of the grace time. */
    @InEachWorld(worlds = Where.SIMULATION, because = "it lasts for seconds")
    void shouldDrainABacklogAndConnectionsWithinOneGraceTime(PluginWorld world) {
        Peer client = client(world, "drain-backlog, max-connections: 1");
        Peer waiting = world.connect("web");
        CompletableFuture<ListenerResult> unbinding =
                unbind(world, Duration.ofSeconds(8)).toCompletableFuture();
        SocketAddress address = world.address("web");
        world.pass(Duration.ofMillis(4_900));
        assertThat(world.view().listeners().get(0).state()).isNotEqualTo("stopped");
        world.pass(Duration.ofMillis(500));
        assertThat(world.refuses(address)).isTrue();
        world.pass(Duration.ofMillis(2_500));
        assertThat(unbinding).isNotDone();
        client.expectNothing();
        world.pass(Duration.ofMillis(500));
        assertThat(unbinding).isDone();
        assertThat(unbinding.join().detail()).contains("1 connection was closed after ");
        client.expectEnd();
        waiting.readAll();
    }
}
