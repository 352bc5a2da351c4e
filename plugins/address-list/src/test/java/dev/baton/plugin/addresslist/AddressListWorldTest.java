package dev.baton.plugin.addresslist;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.service.ServiceFactory;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.PluginWorld;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/** Clients of 127.0.0.1 that a list lets in or keeps out. */
class AddressListWorldTest {

    static final class EchoPlugin implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.service("echo", Nothing.class, Factory.class);
        }
    }

    record Nothing() {}

    static final class Factory implements ServiceFactory<Nothing> {
        @Override
        public Service create(String name, Nothing config, ServiceContext context) {
            return (connection, listener) -> connection.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext context, Object message) {
                    context.writeAndFlush(message);
                }
            });
        }
    }

    private static void start(PluginWorld world, String list) {
        world.plugin(AddressListPlugin.class);
        world.plugin(EchoPlugin.class);
        world.start("""
                listeners: { in: { bind: "127.0.0.1:0", service: talk, filters: [ { type: address-list, %s } ] } }
                services: { talk: { type: echo } }
                """.formatted(list));
    }

    private static long refused(PluginWorld world) {
        return world.metrics()
                .counter("baton_connections_refused_total", "", "listener", "in", "filter", "address-list")
                .count();
    }

    private static void passes(PluginWorld world, String list) {
        start(world, list);
        var client = world.connect("in");
        client.send("hello");
        client.expect("hello");
        assertThat(refused(world)).isZero();
    }

    private static void isRefused(PluginWorld world, String list) {
        start(world, list);
        world.connect("in").expectReset();
        assertThat(refused(world)).isOne();
    }

    @InEachWorld
    void shouldLetInWhoIsAllowed(PluginWorld world) {
        passes(world, "allow: [ 10.0.0.0/8, 127.0.0.0/8 ]");
    }

    @InEachWorld
    void shouldLetInWhoIsNotDenied(PluginWorld world) {
        passes(world, "deny: [ 10.0.0.0/8, \"::/0\" ]");
    }

    @InEachWorld
    void shouldKeepOutWhoIsNotAllowed(PluginWorld world) {
        isRefused(world, "allow: [ 10.0.0.0/8 ]");
    }

    @InEachWorld
    void shouldKeepOutWhoIsDeniedAlthoughAllowed(PluginWorld world) {
        isRefused(world, "allow: [ 127.0.0.0/8 ], deny: [ 127.0.0.1 ]");
    }
}
