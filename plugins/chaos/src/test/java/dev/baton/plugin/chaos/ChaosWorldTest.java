package dev.baton.plugin.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.HttpPlugin;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import java.util.Map;

/** What the plugin does wrong on request costs the exchange that asked for it, and is counted. */
class ChaosWorldTest {

    @InEachWorld
    void shouldCostOneExchangeOnly(PluginWorld world) {
        world.expectErrors();
        world.plugin(HttpPlugin.class).plugin(ChaosPlugin.class);
        world.start("""
                listeners: { web: { bind: "127.0.0.1:0", service: late } }
                services:
                  late: { type: chaos, service: rehearsal }
                  rehearsal: { type: http, routes: [ { handler: chaos } ] }
                """);
        Peer other = world.connect("web");
        other.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        assertThat(other.readUntil("in it\n")).startsWith("HTTP/1.1 200 OK");
        for (Fault.Kind kind : Fault.Kind.values()) {
            Peer victim = world.connect("web");
            victim.send("GET /throw/" + kind.word() + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
            assertThat(victim.readAll()).as(kind.word()).startsWith("HTTP/1.1 500 ");
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
