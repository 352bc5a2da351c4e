package dev.baton.it.listener;

import static dev.baton.testkit.TestLoops.on;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.baton.plugin.tcplistener.TcpListenerKind;
import dev.baton.plugin.unbind.AtOnceStrategy;
import dev.baton.runtime.listener.ListenerSpec;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.metrics.Meters;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.service.Service;
import dev.baton.testkit.TestLoops;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Row J1 of the list of races: whatever a service throws, wherever, costs the connection and nothing else, and the
 * client sees a reset: what it got so far does not look like all of it.
 */
@Timeout(60)
class ThrowingServiceIT {
    private static final List<Throwable> THROWN = List.of(
            new IllegalStateException("planted"),
            new OutOfMemoryError("planted"),
            new StackOverflowError("planted"),
            new NoClassDefFoundError("planted"));

    /** Where a service throws; each but NOWHERE costs its connection. */
    private enum Place {
        NOWHERE,
        INITIALIZE,
        HANDLER_ADDED,
        ACTIVE,
        READ,
        READ_COMPLETE,
        POSTED,
        OFFERED,
        EXECUTED,
        SUBMITTED,
        TIMER,
        LISTENER,
        AFTER_LEAVE
    }

    private static final class Throwing extends ChannelInboundHandlerAdapter implements Service {
        private final Place place;
        private final Throwable thrown;

        Throwing(Place place, Throwable thrown) {
            this.place = place;
            this.thrown = thrown;
        }

        private void at(Place here) {
            if (place == here) {
                sneak(thrown);
            }
        }

        @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
        private static <T extends Throwable> void sneak(Throwable thrown) throws T {
            throw (T) thrown;
        }

        @Override
        public void initialize(MovableChannel connection, String listener) {
            at(Place.INITIALIZE);
            connection.pipeline().addLast(this);
        }

        @Override
        public void handlerAdded(ChannelHandlerContext context) {
            at(Place.HANDLER_ADDED);
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            at(Place.ACTIVE);
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            MovableChannel connection = (MovableChannel) context.channel();
            if (place == Place.NOWHERE) {
                context.writeAndFlush(message);
                return;
            }
            ((ByteBuf) message).release();
            at(Place.READ);
            connection.offer(() -> at(Place.OFFERED));
            connection.post(() -> at(Place.POSTED));
            connection.eventLoop().execute(() -> at(Place.EXECUTED));
            connection.eventLoop().submit(() -> at(Place.SUBMITTED));
            connection.eventLoop().schedule(() -> at(Place.TIMER), 1, TimeUnit.MILLISECONDS);
            connection.newPromise().setSuccess().addListener(done -> at(Place.LISTENER));
            connection.afterLeave(() -> at(Place.AFTER_LEAVE));
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            at(Place.READ_COMPLETE);
        }
    }

    /** What the listener's service is now. */
    private static final class Changing implements Service {
        volatile Service now = new Throwing(Place.NOWHERE, THROWN.get(0));

        @Override
        public void initialize(MovableChannel connection, String listener) {
            now.initialize(connection, listener);
        }
    }

    private static Socket connect(SharedListener listener) throws IOException {
        String address = listener.address();
        Socket socket = new Socket(
                InetAddress.getLoopbackAddress(), Integer.parseInt(address.substring(address.lastIndexOf(':') + 1)));
        socket.setSoTimeout(20_000);
        return socket;
    }

    private static int echo(Socket socket, int octet) throws IOException {
        socket.getOutputStream().write(octet);
        return socket.getInputStream().read();
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void onlyTheConnectionIsLostWhereverAServiceThrows(PollerProvider poller) throws Exception {
        Changing service = new Changing();
        Meters metrics = new Meters();
        ExecutorService worker = Executors.newSingleThreadExecutor();
        try (TestLoops loops = TestLoops.start(poller, 1)) {
            SharedListener listener = new SharedListener(
                    new ListenerSpec(
                            "web",
                            "127.0.0.1:0",
                            new TcpListenerKind().parse("127.0.0.1:0"),
                            100,
                            100,
                            "throwing",
                            service,
                            "thrower",
                            new AtOnceStrategy()),
                    loops.env(),
                    List.of(loops.loop(0)),
                    metrics,
                    worker);
            listener.open();
            listener.start();
            try (Socket bystander = connect(listener)) {
                assertThat(echo(bystander, 7)).isEqualTo(7);
                int expected = 0;
                for (Place place : Place.values()) {
                    for (Throwable thrown : THROWN) {
                        if (place == Place.NOWHERE) {
                            continue;
                        }
                        service.now = new Throwing(place, thrown);
                        try (Socket victim = connect(listener)) {
                            assertThatThrownBy(() -> echo(victim, 1))
                                    .as(place + " " + thrown)
                                    .isInstanceOf(SocketException.class);
                        }
                        expected++;
                        int failures = expected;
                        await().pollDelay(Duration.ZERO)
                                .pollInterval(Duration.ofMillis(2))
                                .untilAsserted(() -> assertThat(loops.failures())
                                        .as(place + " " + thrown)
                                        .hasSize(failures));
                        assertThat(echo(bystander, 8)).isEqualTo(8);
                    }
                }
                service.now = new Throwing(Place.NOWHERE, THROWN.get(0));
                try (Socket another = connect(listener)) {
                    assertThat(echo(another, 9)).isEqualTo(9);
                }
            }
            await().until(() -> listener.connections() == 0);
            assertThat(listener.accepted()).isEqualTo(2 + (Place.values().length - 1) * THROWN.size());
            assertThat(on(loops.loop(0), () -> loops.counters().orphans())).isZero();
            listener.unbind(Duration.ZERO).toCompletableFuture().get(20, TimeUnit.SECONDS);
        } finally {
            worker.shutdown();
        }
    }
}
