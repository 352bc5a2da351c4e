package dev.baton.it.http;

import static dev.baton.testkit.TestLoops.on;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.poller.PollerProvider;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The ends of an exchange are on two loops, and the client asks again between two steps of the server's end: it has
 * handed over the end of the answer, and has not left its connection yet. A connection that somebody runs in is not
 * idle (it is put into the pool after the leave), and nobody waits for it: the second request goes out on another one,
 * at once. A test that took the reuse of the first for granted failed now and then.
 */
@Timeout(60)
class GiveBackIT {
    private static final int SECONDS_MAX = 20;

    /** Holds the server's end where it has handed everything over and has not left. */
    private static final class Hold extends ChannelInboundHandlerAdapter {
        private final CountDownLatch release = new CountDownLatch(1);

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) throws Exception {
            ctx.fireChannelReadComplete();
            // The proxy's handler is to be the first again when the connection is used next.
            ctx.pipeline().remove(this);
            if (!release.await(SECONDS_MAX, TimeUnit.SECONDS)) {
                throw new AssertionError("never released");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aRequestBeforeTheGiveBackGoesElsewhere(PollerProvider poller) throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch answer = new CountDownLatch(1);
        ProxyRig.Options options = new ProxyRig.Options();
        options.accepting = 1;
        Hold hold = new Hold();
        try (Origin origin = new Origin((connection, number) -> {
                    while (connection.readRequest() != null) {
                        asked.countDown();
                        answer.await();
                        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + number);
                    }
                });
                ProxyRig rig = new ProxyRig(poller, options, ProxyRig.addresses(origin));
                HttpStream client = rig.client()) {
            client.send("GET /first HTTP/1.1\r\nHost: shop\r\n\r\n");
            assertThat(asked.await(SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
            MovableChannel first = Objects.requireNonNull(rig.upstream.channels.peek());
            await().until(() -> on(rig.loop(1), () -> {
                if (first.takeover(rig.loop(1)) != TakeoverResult.TAKEN) {
                    return false;
                }
                first.pipeline().addFirst(hold);
                first.leave();
                return true;
            }));
            answer.countDown();
            assertThat(client.response().text()).isEqualTo("0");
            assertThat(rig.upstream.snapshot().idle()).isZero();

            client.send("GET /second HTTP/1.1\r\nHost: shop\r\n\r\n");
            assertThat(client.response().text()).isEqualTo("1");

            hold.release.countDown();
            await().until(() -> rig.upstream.snapshot().idle() == 2);
            client.send("GET /third HTTP/1.1\r\nHost: shop\r\n\r\n");
            assertThat(client.response().status()).isEqualTo(200);
            assertThat(origin.accepted()).isEqualTo(2);
        } finally {
            hold.release.countDown();
        }
    }
}
