package dev.baton.testkit.world;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.Plugin;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.ListenerResult.Outcome;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * What every unbind strategy promises, in a whole server and in each world: in the end nobody listens, no connection of
 * the listener is open, and the operator is told in a sentence, at the latest a moment after the grace time. In which
 * order that happens is the strategy's own affair. A strategy's test extends this.
 */
public abstract class UnbindStrategyContract {
    private static final Duration LONG = Duration.ofSeconds(5);
    private static final Duration SHORT = Duration.ofMillis(50);
    private static final int CLIENTS = 3;

    private final Class<? extends Plugin> plugin;
    private final String strategy;

    /**
     * For a strategy's test.
     *
     * @param plugin what contributes it
     * @param strategy a value of {@code unbind:}
     */
    protected UnbindStrategyContract(Class<? extends Plugin> plugin, String strategy) {
        this.plugin = plugin;
        this.strategy = strategy;
    }

    private void start(PluginWorld world) {
        world.plugin(plugin);
        world.start("""
                listeners: { in: { bind: "127.0.0.1:0", service: echo, unbind: STRATEGY } }
                services: { echo: { type: testkit-echo } }
                """.replace("STRATEGY", strategy));
    }

    private static Peer client(PluginWorld world) {
        Peer client = world.connect("in");
        client.send("hello");
        client.expect("hello");
        return client;
    }

    private static int connections(PluginWorld world) {
        return world.view().listeners().get(0).connections();
    }

    private static void unbind(PluginWorld world, Duration grace) {
        SocketAddress address = world.address("in");
        CompletableFuture<ListenerResult> told = world.control()
                .unbindListener("in", grace, Optional.empty(), false)
                .toCompletableFuture();
        assertThat(world.holds("a result of the unbind", told::isDone, grace.plus(world.closing())))
                .as("the operator is told within a moment (%s) of the grace time (%s)", world.closing(), grace)
                .isTrue();
        ListenerResult result = told.join();
        assertThat(result.outcome()).as("what the operator is told: %s", result).isEqualTo(Outcome.UNBOUND);
        assertThat(result.detail())
                .as("the sentence for the operator")
                .isNotBlank()
                .doesNotContain("\n");
        assertThat(world.refuses(address))
                .as("%s refuses clients once the result is told", address)
                .isTrue();
        assertThat(world.holds("no connection", () -> connections(world) == 0, world.closing()))
                .as("%s connections of the listener are left after the result was told", connections(world))
                .isTrue();
    }

    @InEachWorld
    final void shouldUnbindWhatNobodyUses(PluginWorld world) {
        start(world);
        unbind(world, LONG);
    }

    @InEachWorld
    final void shouldUnbindWhenClientsHaveLeft(PluginWorld world) {
        start(world);
        for (int i = 0; i < CLIENTS; i++) {
            client(world).close();
        }
        unbind(world, LONG);
    }

    /** They do not know that they are to end. */
    @InEachWorld
    final void shouldEndTheConnectionsOfClientsThatStay(PluginWorld world) {
        start(world);
        for (int i = 0; i < CLIENTS; i++) {
            client(world);
        }
        unbind(world, SHORT);
    }

    @InEachWorld
    final void shouldTakeNoTimeWithoutGrace(PluginWorld world) {
        start(world);
        client(world);
        unbind(world, Duration.ZERO);
    }
}
