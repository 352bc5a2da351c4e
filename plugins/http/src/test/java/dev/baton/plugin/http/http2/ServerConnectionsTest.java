package dev.baton.plugin.http.http2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.Bench;
import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.config.Http2Config;
import dev.baton.plugin.http.config.HttpConfig;
import dev.baton.plugin.http.exchange.ExchangeEnv;
import dev.baton.plugin.http.exchange.HeaderFields;
import dev.baton.plugin.http.exchange.PooledEnds;
import dev.baton.plugin.http.exchange.Routes;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.upstream.ConnectHandler;
import dev.baton.spi.upstream.UpstreamConnections;
import dev.baton.spi.upstream.UpstreamServer;
import dev.baton.testkit.EmbeddedConnection;
import dev.baton.testkit.ManualLoop;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Connections to one server in HTTP/2, step by step. */
class ServerConnectionsTest {
    /** A queue of connects that wait. */
    private static final class Waiting implements UpstreamConnections {
        private final List<MovableChannel> served = new ArrayList<>();
        private int waiting;

        private @Nullable ServerConnections home;

        @Override
        public @Nullable MovableChannel take(UpstreamServer server, Loop loop) {
            return null;
        }

        @Override
        public void connect(UpstreamServer server, Loop loop, ConnectHandler handler) {
            throw new AssertionError("not asked for");
        }

        @Override
        public void release(MovableChannel connection) {}

        @Override
        public boolean isWaitedFor(MovableChannel connection) {
            return waiting > 0;
        }

        @Override
        public boolean share(MovableChannel connection) {
            waiting--;
            served.add(connection);
            return of(connection).join(Objects.requireNonNull(home));
        }
    }

    private final ManualLoop loop = new ManualLoop(0);
    private final Waiting queue = new Waiting();
    private final ServerConnections home = new ServerConnections(queue, new UpstreamServer("origin.test:80", 0));

    private static Http2UpstreamConnection of(MovableChannel connection) {
        return Objects.requireNonNull(Http2UpstreamConnection.of(connection));
    }

    /** With one exchange; what is posted to it waits. */
    private EmbeddedConnection connection(Bench bench) {
        queue.home = home;
        EmbeddedConnection connection = new EmbeddedConnection(loop);
        connection.freezeTime();
        HttpConfig config = Bench.config(true, List.of());
        ExchangeEnv env = new ExchangeEnv(
                "shop", config, bench, new Routes("shop", bench, each -> new PooledEnds(bench)).ways(config));
        connection.pipeline().addLast(Http2Codec.upstream(env, connection, new Http2Limits(Http2Config.DEFAULT, 4096)));
        assertThat(of(connection).wake(home)).isTrue();
        connection.elsewhere(true);
        return connection;
    }

    /** Row F26: it goes away between the look at its slots and the message. */
    @Test
    void shouldServeElsewhereWhenTheConnectionThatHadRoomHasNone() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            EmbeddedConnection gone = connection(bench);
            EmbeddedConnection other = connection(bench);
            queue.waiting = 1;
            home.waits();
            of(gone).goAway(0);
            gone.runPosted();
            other.runPosted();
            assertThat(queue.served).containsExactly(other);
            gone.finishAndReleaseAll();
            other.finishAndReleaseAll();
        }
    }

    /** The last stream that a server names when it goes away in order is beyond all that there are. */
    @Test
    void shouldBeginNothingAfterAGoAwayThatNamesNoStream() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            EmbeddedConnection connection = connection(bench);
            Http2UpstreamConnection upstream = of(connection);
            upstream.goAway(Integer.MAX_VALUE);
            assertThat(open(upstream)).isFalse();
            connection.finishAndReleaseAll();
        }
    }

    private static boolean open(Http2UpstreamConnection connection) {
        UpstreamRequestFields head = UpstreamRequestFields.ofTrailers(new HeaderFields());
        return connection.open(new Http2UpstreamEnd(connection), head, true) != null;
    }

    /** Answers and a GOAWAY may have arrived when a write fails. */
    @Test
    void shouldReadOnForAWhileAfterAFailedWrite() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            EmbeddedConnection connection = connection(bench);
            connection.pipeline().addFirst(new ChannelOutboundHandlerAdapter() {
                @Override
                public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
                    ReferenceCountUtil.release(message);
                    promise.setFailure(new IOException("broken pipe"));
                }
            });
            Http2UpstreamConnection upstream = of(connection);
            open(upstream);
            connection.runPendingTasks();
            assertThat(upstream.slots().isClosed()).isTrue();
            assertThat(connection.isOpen()).isTrue();
            assertThat(connection.config().isAutoClose()).isFalse();
            connection.advanceTimeBy(6, TimeUnit.SECONDS);
            connection.runScheduledPendingTasks();
            assertThat(connection.isOpen()).isFalse();
            connection.finishAndReleaseAll();
        }
    }
}
