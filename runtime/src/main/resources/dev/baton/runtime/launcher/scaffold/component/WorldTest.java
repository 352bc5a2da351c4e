package __package__;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.PluginWorld;

/**
 * The component in a whole server: with the simulation's loops, and with real ones. Its thread runs in real time in both.
 */
class __Name__WorldTest {

    @InEachWorld
    void shouldStartAndStopWithTheServer(PluginWorld world) {
        world.plugin(__Name__Plugin.class);
        world.start("__id__: { every: 50ms }");
        assertThat(world.said()).contains("__id__ counts every 50 ms");
        world.stop();
    }
}
