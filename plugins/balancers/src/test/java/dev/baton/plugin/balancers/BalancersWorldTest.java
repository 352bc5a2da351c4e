package dev.baton.plugin.balancers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.config.UpstreamName;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.service.ServiceFactory;
import dev.baton.spi.upstream.RequestFacts;
import dev.baton.spi.upstream.Upstream;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Each balancer under its name in a configuration, and the keys that it has. */
class BalancersWorldTest {

    /** Answers each letter with the number of the server that a request with it would go to. */
    public static final class AskPlugin implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.service("ask", Settings.class, Factory.class);
        }
    }

    record Settings(@UpstreamName String upstream) {}

    static final class Factory implements ServiceFactory<Settings> {
        @Override
        public Service create(String name, Settings settings, ServiceContext context) {
            Upstream upstream = context.upstream(settings.upstream());
            return (connection, listener) -> connection.pipeline().addLast(new SimpleChannelInboundHandler<ByteBuf>() {
                @Override
                protected void channelRead0(ChannelHandlerContext handler, ByteBuf message) {
                    StringBuilder answer = new StringBuilder();
                    for (char each : message.toString(StandardCharsets.US_ASCII).toCharArray()) {
                        answer.append(upstream.next(request(connection.clientAddress(), "" + each))
                                .index());
                    }
                    handler.writeAndFlush(Unpooled.copiedBuffer(answer, StandardCharsets.US_ASCII));
                }
            });
        }
    }

    private static RequestFacts request(@Nullable SocketAddress client, String letter) {
        return new RequestFacts() {
            @Override
            public @Nullable SocketAddress clientAddress() {
                return client;
            }

            @Override
            public @Nullable String field(String name) {
                return switch (name) {
                    case "x-letter" -> letter;
                    case "cookie" -> "letter=" + letter;
                    default -> null;
                };
            }
        };
    }

    private static String ask(PluginWorld world, String balance, String letters) {
        world.plugin(BalancersPlugin.class).plugin(AskPlugin.class);
        world.start("""
                listeners: { in: { bind: "127.0.0.1:0", service: ask } }
                services: { ask: { type: ask, upstream: app } }
                upstreams:
                  app:
                    servers: ["10.0.0.1:1", { address: "10.0.0.2:1", weight: 3 }, "10.0.0.3:1"]
                    balance: %s
                """.formatted(balance));
        Peer client = world.connect("in");
        client.send(letters);
        return new String(client.read(letters.length()), StandardCharsets.US_ASCII);
    }

    @InEachWorld
    void shouldTakeTurnsByWeight(PluginWorld world) {
        assertThat(ask(world, "round-robin", "aaaaa")).isEqualTo("10121");
    }

    @InEachWorld
    void shouldTakeTurnsWhereNoServerHasRequests(PluginWorld world) {
        assertThat(ask(world, "least-requests", "aaaaa")).isEqualTo("10121");
    }

    @InEachWorld
    void shouldDrawTwoServers(PluginWorld world) {
        assertThat(ask(world, "two-choices", "aaaaaaaa")).matches("[012]{8}").contains("1");
    }

    @InEachWorld
    void shouldKeepAClientAtItsServer(PluginWorld world) {
        assertThat(ask(world, "hash-client", "abcdefgh").chars().distinct()).hasSize(1);
    }

    private static void keepsLetters(String chosen) {
        for (String each : List.of(chosen.substring(0, 8), chosen.substring(8))) {
            assertThat(each).isEqualTo(chosen.substring(0, 8));
            assertThat(each.chars().distinct()).hasSizeGreaterThan(1);
        }
    }

    @InEachWorld
    void shouldKeepTheValueOfAFieldAtItsServer(PluginWorld world) {
        keepsLetters(ask(world, "{ type: hash-field, field: x-letter }", "abcdefghabcdefgh"));
    }

    @InEachWorld
    void shouldKeepTheValueOfACookieAtItsServer(PluginWorld world) {
        keepsLetters(ask(world, "{ type: hash-cookie, cookie: letter }", "abcdefghabcdefgh"));
    }
}
