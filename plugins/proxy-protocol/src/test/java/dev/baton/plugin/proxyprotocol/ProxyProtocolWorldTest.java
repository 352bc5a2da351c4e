package dev.baton.plugin.proxyprotocol;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.channel.ConnectionFacts;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.service.ServiceFactory;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.Where;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** A service behind the filter, whichever way its clients' headers come. */
class ProxyProtocolWorldTest {
    private static final String V1 = "PROXY TCP4 192.0.2.7 198.51.100.9 4711 443\r\n";
    private static final String ITS_FACTS = "/192.0.2.7:4711 to /198.51.100.9:443\n";

    static final class TalkPlugin implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.service("talk", Nothing.class, Factory.class);
        }
    }

    record Nothing() {}

    static final class Factory implements ServiceFactory<Nothing> {
        @Override
        public Service create(String name, Nothing config, ServiceContext context) {
            return (connection, listener) -> connection.pipeline().addLast(new Talk());
        }
    }

    /** Says what it knows of its client, then what that sends. */
    private static final class Talk extends ChannelInboundHandlerAdapter {
        @Override
        public void channelActive(ChannelHandlerContext context) {
            ConnectionFacts facts = ((MovableChannel) context.channel()).facts();
            context.writeAndFlush(text(context, facts.client() + " to " + facts.server() + "\n"));
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            context.writeAndFlush(message);
        }

        private static ByteBuf text(ChannelHandlerContext context, String text) {
            return context.alloc().buffer().writeBytes(text.getBytes(StandardCharsets.UTF_8));
        }
    }

    private static void start(PluginWorld world, String more) {
        world.plugin(ProxyProtocolPlugin.class);
        world.plugin(TalkPlugin.class);
        world.start("""
                listeners: { in: { bind: "127.0.0.1:0", service: talk, filters: [ proxy-protocol ]%s } }
                services: { talk: { type: talk } }
                """.formatted(more));
    }

    private static long refused(PluginWorld world) {
        return world.metrics()
                .counter("baton_connections_refused_total", "", "listener", "in", "filter", "proxy-protocol")
                .count();
    }

    @InEachWorld
    void shouldTellTheServiceWhoTheClientIs(PluginWorld world) {
        start(world, "");
        Peer first = world.connect("in");
        first.send(V1);
        first.expect(ITS_FACTS);
        first.send("hello");
        first.expect("hello");
        Peer second = world.connect("in");
        second.send(Headers.ipv4());
        second.expect(ITS_FACTS);
    }

    @InEachWorld
    void shouldGiveBackWhatComesBehindTheHeader(PluginWorld world) {
        start(world, "");
        Peer client = world.connect("in");
        client.send(V1 + "hello");
        client.expect(ITS_FACTS + "hello");
        client.send(" again");
        client.expect(" again");
    }

    @InEachWorld
    void shouldReadAHeaderThatComesByteByByte(PluginWorld world) {
        start(world, "");
        for (byte[] header : new byte[][] {V1.getBytes(StandardCharsets.US_ASCII), Headers.ipv4(new byte[20])}) {
            Peer client = world.connect("in");
            for (byte each : header) {
                client.send(new byte[] {each});
            }
            client.send("hello");
            client.expect(ITS_FACTS + "hello");
        }
    }

    /** A health check of the load balancer itself. */
    @InEachWorld
    void shouldLeaveTheSocketsAddressesToALocalConnection(PluginWorld world) {
        start(world, "");
        Peer client = world.connect("in");
        client.send(Headers.v2(0x20, 0));
        assertThat(client.readUntil("\n")).startsWith("/127.0.0.1:").contains(" to /127.0.0.1:");
    }

    @InEachWorld
    void shouldResetWhoHasNoHeader(PluginWorld world) {
        start(world, "");
        Peer client = world.connect("in");
        client.send("GET / HTTP/1.1\r\n\r\n");
        client.expectReset();
        assertThat(refused(world)).isOne();
    }

    @InEachWorld(worlds = Where.SIMULATION, because = "it lasts for seconds")
    void shouldResetWhoDoesNotFinishTheHeaderInTime(PluginWorld world) {
        start(world, ", accept-timeout: 5s");
        Peer client = world.connect("in");
        client.send("PROXY TCP4");
        world.pass(Duration.ofMillis(4_900));
        client.expectNothing();
        assertThat(refused(world)).isZero();
        world.pass(Duration.ofMillis(200));
        client.expectReset();
        assertThat(refused(world)).isOne();
    }

    @InEachWorld(worlds = Where.SIMULATION, because = "it lasts for seconds")
    void shouldNotCutWhoHasSentTheHeader(PluginWorld world) {
        start(world, ", accept-timeout: 5s");
        Peer client = world.connect("in");
        client.send("PROXY TCP4");
        world.pass(Duration.ofMillis(4_900));
        client.send(V1.substring("PROXY TCP4".length()));
        client.expect(ITS_FACTS);
        world.pass(Duration.ofSeconds(5));
        client.send("hello");
        client.expect("hello");
    }

    @InEachWorld
    void shouldForgetAClientThatLeavesInTheMidstOfItsHeader(PluginWorld world) {
        start(world, "");
        Peer client = world.connect("in");
        client.send("PROXY TCP4");
        client.close();
        world.await("no connection", () -> world.view().listeners().get(0).connections() == 0);
        assertThat(refused(world)).isZero();
    }

    private static long refusals(PluginWorld world, String reason) {
        return world.metrics()
                .counter("baton_listener_client_refusals_total", "", "listener", "in", "reason", reason)
                .count();
    }

    private static Peer from(PluginWorld world, String client) {
        Peer peer = world.connect("in");
        peer.send("PROXY TCP4 " + client + " 198.51.100.9 4711 443\r\n");
        return peer;
    }

    private static boolean isServed(Peer peer) {
        try {
            peer.expect(ITS_FACTS);
            return true;
        } catch (AssertionError reset) {
            return false;
        }
    }

    /** All connections have one socket address here, that of the load balancer. */
    @InEachWorld
    void shouldLimitTheConnectionsOfTheClientInTheHeader(PluginWorld world) {
        start(world, ", max-connections-per-client: 1");
        Peer first = from(world, "192.0.2.7");
        first.expect(ITS_FACTS);
        from(world, "192.0.2.8").expect("/192.0.2.8:4711 to /198.51.100.9:443\n");
        from(world, "192.0.2.7").expectReset();
        assertThat(refusals(world, "connections")).isOne();
        assertThat(refused(world)).as("no filter refused it").isZero();
        first.close();
        world.await("the client may come again", () -> isServed(from(world, "192.0.2.7")));
    }

    @InEachWorld
    void shouldLimitTheRateOfTheClientInTheHeader(PluginWorld world) {
        start(world, ", accept-rate-per-client: 1/h");
        for (int i = 0; i < 10; i++) { // what a client may open at once
            from(world, "192.0.2.7").expect(ITS_FACTS);
        }
        from(world, "192.0.2.7").expectReset();
        from(world, "192.0.2.8").expect("/192.0.2.8:4711 to /198.51.100.9:443\n");
        assertThat(refusals(world, "rate")).isOne();
    }

    /** A header without addresses leaves the socket's. */
    @InEachWorld
    void shouldLimitTheSocketsClientWhereTheHeaderNamesNone(PluginWorld world) {
        start(world, ", max-connections-per-client: 1");
        Peer first = world.connect("in");
        first.send(Headers.v2(0x20, 0));
        first.readUntil("\n");
        Peer second = world.connect("in");
        second.send(Headers.v2(0x20, 0));
        second.expectReset();
        assertThat(refusals(world, "connections")).isOne();
    }

    /** A connection that a filter still looks at counts for none of the clients. */
    @InEachWorld
    void shouldNotCountAConnectionBeforeItsClientIsKnown(PluginWorld world) {
        start(world, ", max-connections-per-client: 1");
        Peer waiting = world.connect("in");
        waiting.send("PROXY TCP4 ");
        from(world, "192.0.2.7").expect(ITS_FACTS);
        waiting.send("192.0.2.7 198.51.100.9 4711 443\r\n");
        waiting.expectReset();
    }
}
