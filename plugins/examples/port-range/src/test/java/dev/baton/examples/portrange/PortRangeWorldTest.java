package dev.baton.examples.portrange;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.listener.ListenerResult;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Listeners whose ranges overlap have ports of their own, and give them back. */
class PortRangeWorldTest {

    private static String bound(PluginWorld world, String listener) {
        return world.control().listener(listener).orElseThrow().address();
    }

    private static void isServed(PluginWorld world, String bound) {
        Peer client = world.connect(PortRangeContractTest.address(bound));
        client.send("hello");
        client.expect("hello");
    }

    @InEachWorld
    void shouldTakeThePortsInTurn(PluginWorld world) {
        String longer = PortRangeContractTest.range();
        int dash = longer.lastIndexOf('-');
        String range = longer.substring(0, dash + 1) + (Integer.parseInt(longer.substring(dash + 1)) - 1);
        world.plugin(PortRangePlugin.class);
        world.start("""
                listeners:
                  a: { bind: "RANGE", service: echo }
                  b: { bind: "RANGE1", service: echo }
                services: { echo: { type: testkit-echo } }
                """.replace("RANGE1", longer).replace("RANGE", range));
        String a = bound(world, "a");
        String b = bound(world, "b");
        assertThat(List.of(a, b)).doesNotHaveDuplicates().allMatch(each -> each.startsWith("range@127.0.0.1:"));
        isServed(world, a);
        isServed(world, b);

        assertThat(world.await(world.control().unbindListener("a", Duration.ZERO, Optional.empty(), true))
                        .outcome())
                .isEqualTo(ListenerResult.Outcome.UNBOUND);
        assertThat(world.refuses(PortRangeContractTest.address(a))).isTrue();
        world.await(world.control().addListener("{ name: c, bind: \"" + a + "\", service: echo }"));
        assertThat(bound(world, "c")).isEqualTo(a);
        isServed(world, a);
    }
}
