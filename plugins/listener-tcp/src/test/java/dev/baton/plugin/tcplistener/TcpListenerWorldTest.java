package dev.baton.plugin.tcplistener;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.listener.Listener;
import dev.baton.spi.listener.ListenerResult.Outcome;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A listener of tcp: serves, rests, serves again, and gives its port back to one that is added. */
class TcpListenerWorldTest {

    @InEachWorld
    void shouldListenRestAndLeaveItsPort(PluginWorld world) {
        world.plugin(TcpListenerPlugin.class);
        world.start("""
                listeners: { web: { bind: "127.0.0.1:0", service: echo } }
                services: { echo: { type: testkit-echo } }
                """);
        assertThat(world.view().plugins())
                .anySatisfy(plugin -> assertThat(plugin.contributes()).contains("listener tcp"))
                .noneSatisfy(plugin -> assertThat(plugin.contributes()).contains("listener loopback"));
        Peer first = world.connect("web");
        first.send("first");
        first.expect("first");

        Listener web = world.control().listener("web").orElseThrow();
        assertThat(world.await(web.suspend()).outcome()).isEqualTo(Outcome.PAUSED);
        // An accept that had begun on a loop may still bring one connection: of one more than there are loops, one
        // waits.
        int loops = world.view().loops().size();
        List<Peer> others = new ArrayList<>();
        for (int i = 0; i <= loops; i++) {
            Peer other = world.connect("web");
            other.send("other");
            others.add(other);
        }
        assertThat(world.view().listeners().get(0).accepted()).isLessThanOrEqualTo(1L + loops);
        assertThat(world.await(web.resume()).outcome()).isEqualTo(Outcome.RESUMED);
        others.forEach(other -> other.expect("other"));

        SocketAddress address = world.address("web");
        String bind = web.address();
        assertThat(world.await(world.control().unbindListener("web", Duration.ZERO, Optional.empty(), true))
                        .outcome())
                .isEqualTo(Outcome.UNBOUND);
        assertThat(world.refuses(address)).isTrue();
        assertThat(world.await(world.control().addListener("{ name: again, bind: \"" + bind + "\", service: echo }"))
                        .outcome())
                .isEqualTo(Outcome.ADDED);
        Peer third = world.connect(address);
        third.send("third");
        third.expect("third");
    }
}
