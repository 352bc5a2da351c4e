package dev.baton.testkit.world;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.Plugin;
import java.util.ArrayList;
import java.util.List;

/**
 * What every component promises, in a whole server and in each world: it starts before connections are accepted, says
 * what it is in one line or nothing, lets the server serve, and leaves nothing behind when it has stopped. A
 * component's test extends this.
 */
public abstract class ComponentContract {
    private final Class<? extends Plugin> plugin;

    /**
     * For a component's test.
     *
     * @param plugin what contributes the component
     */
    protected ComponentContract(Class<? extends Plugin> plugin) {
        this.plugin = plugin;
    }

    /** Other plugins that the configuration needs. */
    protected List<Class<? extends Plugin>> others() {
        return List.of();
    }

    /** Its section of the configuration with its key, for example {@code census: { every: 1s }}; may be empty. */
    protected abstract String section();

    private void start(PluginWorld world) {
        start(world, () -> {});
    }

    private void start(PluginWorld world, Runnable bound) {
        world.plugin(plugin);
        others().forEach(world::plugin);
        world.start("""
                listeners: { in: { bind: "127.0.0.1:0", service: echo } }
                services: { echo: { type: testkit-echo } }
                """ + section(), bound);
    }

    private static void isServed(PluginWorld world) {
        isServed(world.connect("in"));
    }

    private static void isServed(Peer client) {
        client.send("hello");
        client.expect("hello");
    }

    /** A client is there before the component starts: its start neither needs nor causes that the client is served. */
    @InEachWorld
    final void shouldStartBeforeConnectionsAreAccepted(PluginWorld world) {
        List<Peer> early = new ArrayList<>();
        start(world, () -> early.add(world.connect("in")));
        assertThat(world.acceptedBeforeStarted())
                .as("connections that were accepted before the components had started")
                .isZero();
        early.forEach(ComponentContract::isServed);
    }

    @InEachWorld
    final void shouldSayWhatItIsInALine(PluginWorld world) {
        start(world);
        assertThat(world.said())
                .as("what components say at the start")
                .allSatisfy(line -> assertThat(line).isNotBlank().doesNotContain("\n"));
        isServed(world);
    }

    /** The world looks at what is left: fds, memory, errors in the log. */
    @InEachWorld
    final void shouldLeaveNothingBehind(PluginWorld world) {
        start(world);
        for (int i = 0; i < 3; i++) {
            isServed(world);
        }
        world.stop();
    }

    @InEachWorld
    final void shouldStopWithoutHavingBeenUsed(PluginWorld world) {
        start(world);
        world.stop();
    }

    /** Loops come and go under it. */
    @InEachWorld
    final void shouldLiveWithLoopsThatRetire(PluginWorld world) {
        start(world);
        isServed(world);
        world.retireLoop(1);
        isServed(world);
    }
}
