package dev.baton.it.listener;

import static dev.baton.it.listener.ListenerRig.HOST;
import static dev.baton.it.listener.ListenerRig.port;
import static dev.baton.it.listener.ListenerRig.started;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.it.Pollers;
import dev.baton.plugin.unbind.AtOnceStrategy;
import dev.baton.plugin.unixlistener.UnixListenerKind;
import dev.baton.runtime.channel.FdTcpServerChannel;
import dev.baton.runtime.listener.ListenerSpec.Limits;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.listener.SocketSettings;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerUpgradeHandler;
import io.netty.handler.codec.http2.CleartextHttp2ServerUpgradeHandler;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2ServerUpgradeCodec;
import io.netty.util.ReferenceCountUtil;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An accepted connection knows its server: what Netty's handlers ask to learn which side they are on. */
@Timeout(60)
class ParentIT {

    /** Speaks HTTP/2 to clients that ask for it, by Netty's own handlers: each request gets a 200. */
    private static final class UpgradingServer extends ChannelInitializer<SocketChannel> {
        @Override
        public boolean isSharable() {
            return true;
        }

        @Override
        protected void initChannel(SocketChannel channel) {
            ChannelHandler answer = new ChannelInboundHandlerAdapter() {
                @Override
                public boolean isSharable() {
                    return true;
                }

                @Override
                public void channelRead(ChannelHandlerContext ctx, Object frame) {
                    if (frame instanceof Http2HeadersFrame head && head.isEndStream()) {
                        ctx.writeAndFlush(new DefaultHttp2HeadersFrame(new DefaultHttp2Headers().status("200"), true));
                    }
                    ReferenceCountUtil.release(frame);
                }
            };
            HttpServerCodec http1 = new HttpServerCodec();
            HttpServerUpgradeHandler upgrade = new HttpServerUpgradeHandler(
                    http1,
                    protocol -> new Http2ServerUpgradeCodec(
                            Http2FrameCodecBuilder.forServer().build(), new Http2MultiplexHandler(answer)));
            Http2FrameCodec http2 = Http2FrameCodecBuilder.forServer().build();
            channel.pipeline().addLast(new CleartextHttp2ServerUpgradeHandler(http1, upgrade, http2));
        }
    }

    private static void assertSpeaksHttp2(String host, int port) throws Exception {
        HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build();
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://" + host + ":" + port + "/"))
                .timeout(Duration.ofSeconds(20))
                .build();
        for (int i = 0; i < 2; i++) {
            HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(response.version()).isEqualTo(HttpClient.Version.HTTP_2);
        }
    }

    @Test
    void anUpgradeToHttp2WorksOnAServerOfNettys() throws Exception {
        try (ListenerRig rig = new ListenerRig(Pollers.chosen(), 1)) {
            Channel server = new ServerBootstrap()
                    .group(rig.loops.loop(0))
                    .channelFactory(() -> new FdTcpServerChannel(rig.loops.env()))
                    .childHandler(new UpgradingServer())
                    .bind(HOST, 0)
                    .sync()
                    .channel();
            assertSpeaksHttp2(HOST, ((InetSocketAddress) server.localAddress()).getPort());
        }
    }

    @Test
    void anUpgradeToHttp2WorksOnAListener() throws Exception {
        try (ListenerRig rig = new ListenerRig(Pollers.chosen(), 2)) {
            SharedListener listener = rig.start(
                    10,
                    new AtOnceStrategy(),
                    (connection, name) -> connection.pipeline().addLast(new UpgradingServer()));
            assertSpeaksHttp2(HOST, port(listener));
        }
    }

    @Test
    void allConnectionsOfAListenerHaveOneParentThatTellsOfItAndDoesNothing() throws Exception {
        BlockingQueue<MovableChannel> accepted = new LinkedBlockingQueue<>();
        try (ListenerRig rig = new ListenerRig(Pollers.chosen(), 1)) {
            SharedListener listener =
                    rig.start(10, new AtOnceStrategy(), (connection, name) -> accepted.add(connection));
            try (var one = ListenerRig.connect(listener);
                    var two = ListenerRig.connect(listener)) {
                Channel parent = accepted.take().parent();
                assertThat(accepted.take().parent()).isSameAs(parent);
                assertThat(parent).isInstanceOf(ServerSocketChannel.class);
                assertThat(parent.isActive()).isTrue();
                assertThat(parent.localAddress()).isEqualTo(one.getRemoteSocketAddress());
                assertThat(parent.remoteAddress()).isNull();
                assertThatThrownBy(() -> parent.close().sync())
                        .isInstanceOf(UnsupportedOperationException.class)
                        .hasMessageContaining("unbind");
                assertThatThrownBy(() -> ((ServerSocketChannel) parent).config().setBacklog(5))
                        .isInstanceOf(UnsupportedOperationException.class);
                assertThat(two.isConnected()).isTrue();
                ListenerRig.join(listener.unbind(Duration.ZERO));
                assertThat(parent.isOpen()).isFalse();
            }
        }
    }

    @Test
    void aConnectionOfAUnixListenerHasAParentToo(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("socket");
        try (ListenerRig rig = new ListenerRig(Pollers.chosen(), 1)) {
            BlockingQueue<MovableChannel> accepted = new LinkedBlockingQueue<>();
            SharedListener listener = started(rig.listener(
                    new UnixListenerKind(),
                    "unix:" + file,
                    SocketSettings.DEFAULT,
                    new Limits(10, 10),
                    false,
                    new AtOnceStrategy(),
                    (connection, name) -> accepted.add(connection)));
            try (var client = java.nio.channels.SocketChannel.open(StandardProtocolFamily.UNIX)) {
                client.connect(UnixDomainSocketAddress.of(file));
                Channel connection = accepted.take();
                assertThat(connection.parent()).isInstanceOf(ServerChannel.class);
                assertThat(connection.parent().localAddress()).isEqualTo(UnixDomainSocketAddress.of(file));
                assertThat(connection.localAddress()).isEqualTo(UnixDomainSocketAddress.of(file));
                assertThat(connection.remoteAddress()).as("unnamed").isEqualTo(UnixDomainSocketAddress.of(""));
            }
            ListenerRig.join(listener.unbind(Duration.ZERO));
        }
    }
}
