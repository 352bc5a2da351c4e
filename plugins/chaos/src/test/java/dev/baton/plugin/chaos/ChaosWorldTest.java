package dev.baton.plugin.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import java.util.Map;

/**
 * What the plugin does wrong on request costs the connection that asked for it, is counted, and costs nobody else
 * anything.
 */
class ChaosWorldTest {

    @InEachWorld
    void shouldCostOneConnectionOnly(PluginWorld world) {
        world.expectErrors();
        world.plugin(ChaosPlugin.class);
        world.start("""
                listeners: { web: { bind: "127.0.0.1:0", service: chaos } }
                services: { chaos: { type: chaos } }
                """);
        Peer other = world.connect("web");
        other.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        assertThat(other.readUntil("in it\n")).startsWith("HTTP/1.1 200 OK");
        for (Fault.Kind kind : Fault.Kind.values()) {
            Peer victim = world.connect("web");
            victim.send("GET /throw/" + kind.word() + " HTTP/1.1\r\nHost: test\r\n\r\n");
            assertThat(victim.readAll()).as(kind.word()).isEmpty();
        }
        assertThat(world.metrics()
                        .counter("baton_plugin_errors_total", "Callbacks of a plugin that threw.", "plugin", "chaos")
                        .count())
                .isEqualTo(Fault.Kind.values().length);
        world.act("chaos/throw", Map.of("loop", "1", "kind", "runtime-exception"));
        other.send("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        assertThat(other.readAll()).startsWith("HTTP/1.1 200 OK");
    }
}
