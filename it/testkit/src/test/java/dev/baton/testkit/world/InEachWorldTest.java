package dev.baton.testkit.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.baton.spi.listener.ListenerResult;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;

/** What a test of a plugin can say, said of a plugin that is right. */
class InEachWorldTest {
    private static final String LOUD = """
            listeners: { loud: { bind: "127.0.0.1:0", service: shout } }
            services: { shout: { type: shout, ending: "!" } }
            """;

    @BeforeEach
    void plugin(PluginWorld world) {
        world.plugin(ShoutPlugin.class);
    }

    @InEachWorld
    void shouldServeAClient(PluginWorld world) {
        world.start(LOUD);
        try (Peer client = world.connect("loud")) {
            client.send("hello\n");
            client.expect("HELLO!\n");
            client.send("and again\nand again\n");
            assertThat(client.readUntil("!\n")).isEqualTo("AND AGAIN!\n");
            assertThat(client.read(11)).asString().isEqualTo("AND AGAIN!\n");
            client.shutdownOutput();
            client.expectEnd();
        }
    }

    @InEachWorld
    void shouldServeManyClientsAtOnce(PluginWorld world) {
        world.start(LOUD);
        List<Peer> clients = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            Peer client = world.connect("loud");
            client.send("client " + i + "\n");
            clients.add(client);
        }
        for (int i = 0; i < clients.size(); i++) {
            clients.get(i).expect("CLIENT " + i + "!\n");
            if (i % 2 == 0) {
                clients.get(i).reset();
            }
        }
        assertThat(world.view().listeners().get(0).accepted()).isEqualTo(8);
    }

    /** More than all the buffers on the way hold. */
    @InEachWorld
    void shouldCarryMoreThanFits(PluginWorld world) {
        world.start(LOUD);
        String much = "x".repeat(world.where() == Where.REAL ? 20_000_000 : 50_000);
        Peer client = world.connect("loud");
        client.send(much);
        client.expect(much.toUpperCase(java.util.Locale.ROOT));
    }

    @InEachWorld
    void shouldWaitAsLongAsItTakes(PluginWorld world) {
        world.start(LOUD);
        Peer client = world.connect("loud");
        client.send("later\n");
        client.expect("LATER!\n");
    }

    @InEachWorld
    void shouldAskItsUpstream(PluginWorld world) {
        Origin origin = world.origin();
        world.start("""
                listeners: { loud: { bind: "127.0.0.1:0", service: shout } }
                services: { shout: { type: shout-of, upstream: app } }
                upstreams: { app: { servers: ["%s"] } }
                """.formatted(origin.address()));
        Peer client = world.connect("loud");
        client.send("what?\n");
        Peer upstream = origin.accept();
        upstream.expect("what?\n");
        upstream.send("nothing\n");
        client.expect("NOTHING!\n");
        upstream.expectEnd();

        origin.close();
        Peer late = world.connect("loud");
        late.send("what?\n");
        assertThat(late.readAll()).as("the upstream is gone").isEmpty();
    }

    /** The one that names others comes first in the file, and is made last. */
    @InEachWorld
    void shouldGiveConnectionsToOtherServices(PluginWorld world) {
        world.start("""
                listeners:
                  loud: { bind: "127.0.0.1:0", service: choice }
                  plain: { bind: "127.0.0.1:0", service: choice }
                services:
                  choice: { type: by-listener, services: { loud: shout, plain: echo } }
                  shout: { type: shout, ending: "!" }
                  echo: { type: testkit-echo }
                """);
        Peer loud = world.connect("loud");
        loud.send("hello\n");
        loud.expect("HELLO!\n");
        Peer plain = world.connect("plain");
        plain.send("hello\n");
        plain.expect("hello\n");
    }

    @InEachWorld
    void shouldSayWhichServiceThereIsNot(PluginWorld world) {
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> world.start("""
                        listeners: { loud: { bind: "127.0.0.1:0", service: choice } }
                        services:
                          choice: { type: by-listener, services: { loud: shuot } }
                          shout: { type: shout }
                        """))
                .withMessageContaining(
                        "test:3:50: services.choice.services.loud: there is no service 'shuot'; did you mean 'shout'?");
    }

    @InEachWorld
    void shouldLetTheTestOperateIt(PluginWorld world) {
        world.start(LOUD);
        assertThat(world.act("shout", Map.of("text", "hey"))).isEqualTo(new ShoutPlugin.Loud.Answer("HEY"));
        SocketAddress address = world.address("loud");
        ListenerResult result =
                world.await(world.control().unbindListener("loud", Duration.ZERO, Optional.empty(), false));
        assertThat(result.outcome()).isEqualTo(ListenerResult.Outcome.UNBOUND);
        assertThat(world.refuses(address)).isTrue();
    }

    @InEachWorld
    void shouldSayWhatIsWrongWithTheConfiguration(PluginWorld world) {
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> world.start("""
                        listeners: { loud: { bind: "127.0.0.1:0", service: shout } }
                        services: { shout: { type: shout, endnig: "!" } }
                        """))
                .withMessageContaining("test:2:")
                .withMessageContaining("did you mean");
    }

    @InEachWorld
    void shouldSayWhatHasComeInstead(PluginWorld world) {
        world.start(LOUD);
        Peer client = world.connect("loud");
        client.send("hello\n");
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> client.expect("BYE"))
                .withMessageContaining("expected \"BYE\" and there is \"HELLO!\\n\"");
    }
}
