package dev.baton.examples.lineprotocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.spi.listener.ListenerResult;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.ServiceContract;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** The service keeps every promise of a service, and does what its page says. */
class LineProtocolTest extends ServiceContract {
    LineProtocolTest() {
        super(LineProtocolPlugin.class);
    }

    private static final String SERVICE = "{ type: dictionary, words: { loop: a thread, claim: a right } }";

    @Override
    protected String service() {
        return SERVICE;
    }

    @Override
    protected void talk(Peer client) {
        client.send("loop\nclaim\n");
        client.expect("a thread\na right\n");
    }

    @Override
    protected byte[] begun() {
        return "loo".getBytes(StandardCharsets.UTF_8);
    }

    private static void start(PluginWorld world, String service) {
        world.plugin(LineProtocolPlugin.class);
        world.start("""
                listeners: { in: { bind: "127.0.0.1:0", service: words } }
                services: { words: SERVICE }
                """.replace("SERVICE", service));
    }

    @InEachWorld
    void shouldAnswerEachLineHoweverItComes(PluginWorld world) {
        start(world, SERVICE);
        Peer client = world.connect("in");
        client.send("lo");
        client.expectNothing();
        client.send("op\r\nfd\ncl");
        client.expect("a thread\n?\n");
        client.send("aim\nloop\nnever ends");
        client.shutdownOutput();
        assertThat(client.readAll()).isEqualTo("a right\na thread\n");
    }

    @InEachWorld
    void shouldEndAConnectionWhoseLineIsTooLong(PluginWorld world) {
        start(world, "{ type: dictionary, max-line: 16B, unknown: none }");
        for (String rest : new String[] {"", "\nloop\n"}) {
            Peer client = world.connect("in");
            client.send("loop\n" + "x".repeat(17) + rest);
            assertThat(client.readAll()).isEqualTo("none\nthis line is too long\n");
        }
    }

    /** A connection between two lines ends at once; a line that has begun is answered first. */
    @InEachWorld
    void shouldAnswerTheLineThatHasBegunWhenItsListenerEnds(PluginWorld world) {
        start(world, SERVICE);
        Peer idle = world.connect("in");
        talk(idle);
        Peer busy = world.connect("in");
        busy.send("loop\ncla");
        busy.expect("a thread\n");
        CompletionStage<ListenerResult> end =
                world.control().unbindListener("in", Duration.ofSeconds(5), Optional.empty(), false);
        idle.expectEnd();
        busy.send("im\n");
        busy.expect("a right\n");
        busy.expectEnd();
        assertThat(world.await(end).outcome()).isEqualTo(ListenerResult.Outcome.UNBOUND);
    }

    @InEachWorld
    void shouldRefuseKeysThatItDoesNotHave(PluginWorld world) {
        assertThatThrownBy(() -> start(world, "{ type: dictionary, max-lines: 16B }"))
                .hasMessageContaining("did you mean 'max-line'?");
    }
}
