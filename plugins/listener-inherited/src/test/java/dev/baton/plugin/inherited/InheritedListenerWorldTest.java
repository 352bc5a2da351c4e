package dev.baton.plugin.inherited;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.listener.Listener;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.ListenerResult.Outcome;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A listener on a socket that the process was given: serves, rests, serves again, and closes it. */
class InheritedListenerWorldTest {

    private static ListenerResult added(PluginWorld world, int number) {
        return world.await(world.control().addListener("{ name: given, bind: \"fd@" + number + "\", service: echo }"));
    }

    @InEachWorld
    void shouldServeOnWhatItWasGiven(PluginWorld world) {
        world.plugin(InheritedListenerPlugin.class);
        world.start("services: { echo: { type: testkit-echo } }");
        ListenerResult result = added(world, world.passedSocket());
        assertThat(result.outcome()).as(result.detail()).isEqualTo(Outcome.ADDED);
        Peer first = world.connect("given");
        first.send("first");
        first.expect("first");

        Listener given = world.control().listener("given").orElseThrow();
        assertThat(world.await(given.suspend()).outcome()).isEqualTo(Outcome.PAUSED);
        // An accept that had begun on a loop may still bring one connection: of one more than there are loops, one
        // waits.
        int loops = world.view().loops().size();
        List<Peer> others = new ArrayList<>();
        for (int i = 0; i <= loops; i++) {
            Peer other = world.connect("given");
            other.send("other");
            others.add(other);
        }
        assertThat(world.view().listeners().get(0).accepted()).isLessThanOrEqualTo(1L + loops);
        assertThat(world.await(given.resume()).outcome()).isEqualTo(Outcome.RESUMED);
        others.forEach(other -> other.expect("other"));

        SocketAddress address = world.address("given");
        assertThat(world.await(world.control().unbindListener("given", Duration.ZERO, Optional.empty(), true))
                        .outcome())
                .isEqualTo(Outcome.RELEASED);
        assertThat(world.refuses(address)).as("nobody else has kept it").isTrue();
    }

    /** A number that was not passed is some file of the process's own: it is left alone. */
    @InEachWorld
    void shouldRefuseWhatIsNoListeningSocket(PluginWorld world) {
        world.plugin(InheritedListenerPlugin.class);
        world.start("services: { echo: { type: testkit-echo } }");
        int poller = world.view().fds().stream()
                .filter(fd -> fd.kind().equals("poller"))
                .findFirst()
                .orElseThrow()
                .fd();
        ListenerResult result = added(world, poller);
        assertThat(result.outcome()).isEqualTo(Outcome.FAILED);
        assertThat(result.detail()).contains("fd " + poller);
    }
}
