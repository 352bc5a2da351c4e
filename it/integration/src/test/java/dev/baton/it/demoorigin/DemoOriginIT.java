package dev.baton.it.demoorigin;

import static dev.baton.testkit.TestLoops.on;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.plugin.demoorigin.DemoOrigin;
import dev.baton.plugin.http.HttpServiceFactory;
import dev.baton.plugin.http.config.ForwardedConfig;
import dev.baton.plugin.http.config.Http2Config;
import dev.baton.plugin.http.config.HttpConfig;
import dev.baton.plugin.http.config.MatchConfig;
import dev.baton.plugin.http.config.RouteConfig;
import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.metrics.Meters;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.config.ByteRate;
import dev.baton.spi.config.ByteSize;
import dev.baton.spi.config.Choice;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.http.HttpFilterOptions;
import dev.baton.spi.http.HttpHandler;
import dev.baton.spi.loop.Loops;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.service.Contributed;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.upstream.Upstream;
import dev.baton.testkit.TestLoops;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The demo's origin on real sockets, on a connection that is taken over between and during its answers. */
@Timeout(60)
class DemoOriginIT {

    private static Service origin(TestLoops loops) {
        Metrics metrics = new Meters();
        ServiceContext context = new ServiceContext() {
            @Override
            public Upstream upstream(String name) {
                throw new NoSuchElementException(name);
            }

            @Override
            public <T> Contributed<T> make(Choice<T> choice) {
                DemoOrigin.Settings settings = (DemoOrigin.Settings) choice.settings();
                return new Contributed<>("demo-origin", choice.kind().cast(new DemoOrigin(settings, loops())));
            }

            @Override
            public Loops loops() {
                return loops.registry();
            }

            @Override
            public Metrics metrics() {
                return metrics;
            }
        };
        Duration minute = Duration.ofMinutes(1);
        RouteConfig all = new RouteConfig(
                Optional.empty(),
                new MatchConfig(Optional.empty(), Optional.empty(), List.of(), Map.of()),
                List.of(),
                Optional.empty(),
                false,
                Optional.empty(),
                Optional.empty(),
                Optional.of(new Choice<>(
                        HttpHandler.class,
                        "demo-origin",
                        new DemoOrigin.Settings(new ByteSize(1L << 30), Duration.ofSeconds(30)),
                        new HttpFilterOptions(HttpFilterOptions.OnFailure.REFUSE, minute, minute))),
                Optional.empty(),
                Optional.empty());
        HttpConfig config = new HttpConfig(
                Optional.empty(),
                List.of(),
                List.of(all),
                new ForwardedConfig(List.of()),
                new ByteSize(8192),
                Optional.empty(),
                minute,
                minute,
                minute,
                minute,
                minute,
                new ByteRate(0),
                minute,
                Http2Config.DEFAULT);
        return new HttpServiceFactory().create("alpha", config, context);
    }

    /** A server's connection that was opened the other way round. */
    private static MovableSocketChannel serve(TestLoops loops, ServerSocket front) throws Exception {
        Service origin = origin(loops);
        return loops.connect(loops.loop(0), front.getLocalSocketAddress(), new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel channel) {
                origin.initialize((MovableChannel) channel, "web");
            }
        });
    }

    private static void ask(Socket client, String... paths) throws IOException {
        StringBuilder requests = new StringBuilder();
        for (String path : paths) {
            requests.append("GET ").append(path).append(" HTTP/1.1\r\nhost: a\r\n\r\n");
        }
        client.getOutputStream().write(requests.toString().getBytes(StandardCharsets.US_ASCII));
    }

    private static String head(DataInputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            head.append((char) in.readUnsignedByte());
        }
        return head.toString();
    }

    private static void move(MovableSocketChannel channel, BatonLoop thief) {
        await().until(() -> on(thief, () -> {
            if (channel.loop() == thief) {
                return true;
            }
            TakeoverResult result = channel.takeover(thief);
            if (result == TakeoverResult.TAKEN) {
                channel.leave();
            }
            return result == TakeoverResult.TAKEN;
        }));
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void theLoopThatAnswersIsTheOneThatOwnsTheConnection(PollerProvider poller) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, 2);
                ServerSocket front = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            MovableSocketChannel channel = serve(loops, front);
            try (Socket client = front.accept()) {
                DataInputStream in = new DataInputStream(client.getInputStream());
                for (int owner : new int[] {0, 1, 0}) {
                    move(channel, loops.loop(owner));
                    ask(client, "/bytes/5");
                    assertThat(head(in)).contains("x-loop: " + owner + "\r\n", "Content-Length: 5\r\n");
                    assertThat(in.readNBytes(5))
                            .asString(StandardCharsets.US_ASCII)
                            .isEqualTo("01234");
                }
            }
        }
    }

    /** The timer is armed on one loop and fires on it; the answer comes from the loop that owns the connection then. */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aDelayFollowsTheConnection(PollerProvider poller) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, 2);
                ServerSocket front = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            MovableSocketChannel channel = serve(loops, front);
            try (Socket client = front.accept()) {
                DataInputStream in = new DataInputStream(client.getInputStream());
                ask(client, "/", "/delay/300", "/bytes/1");
                int page = Integer.parseInt(head(in).replaceAll("(?s).*Content-Length: (\\d+).*", "$1"));
                in.readNBytes(page); // from here on the delay runs
                move(channel, loops.loop(1));
                assertThat(head(in)).containsIgnoringCase("x-loop: 1\r\n").contains("Content-Length: 13\r\n");
                assertThat(in.readNBytes(13))
                        .asString(StandardCharsets.US_ASCII)
                        .isEqualTo("waited 300ms\n");
                assertThat(head(in)).contains("Content-Length: 1\r\n");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void manyBytesArriveWholeWhileTheConnectionMoves(PollerProvider poller) throws Exception {
        int count = 100_000_000;
        try (TestLoops loops = TestLoops.start(poller, 2);
                ServerSocket front = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            MovableSocketChannel channel = serve(loops, front);
            try (Socket client = front.accept()) {
                DataInputStream in = new DataInputStream(client.getInputStream());
                ask(client, "/bytes/" + count);
                assertThat(head(in)).contains("Content-Length: " + count + "\r\n");
                // Nobody reads: the socket fills, and nothing runs in the connection until somebody does.
                await().until(() -> !channel.isWritable());
                byte[] piece = new byte[64 * 1000];
                byte[] expected = in.readNBytes(64);
                for (int at = 64, round = 0; at < count; at += piece.length, round++) {
                    if (round % 200 == 0) {
                        move(channel, loops.loop(round / 200 % 2));
                    }
                    int length = Math.min(piece.length, count - at);
                    in.readFully(piece, 0, length);
                    for (int i = 0; i < length; i++) {
                        if (piece[i] != expected[i % 64]) {
                            throw new AssertionError("wrong byte at " + (at + i));
                        }
                    }
                }
                ask(client, "/bytes/3");
                assertThat(head(in)).contains("Content-Length: 3\r\n");
            }
        }
    }
}
