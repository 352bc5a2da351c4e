package dev.baton.plugin.unbind;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.ListenerResult.Outcome;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Optional;
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
}
