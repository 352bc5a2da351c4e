package dev.baton.runtime.launcher.rehearsal;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * A client of a listener whose protocol is not known: it opens a connection, says nothing, and sees whether that is
 * closed. After a while it closes it itself and opens another one, before a server may lose its patience with it.
 */
final class QuietCaller implements Client {
    private static final Duration PAUSE = Duration.ofMillis(100);
    private static final int KEEPS_MIN_MS = 1_000;
    private static final int KEEPS_MAX_MS = 5_000;

    private final Connections connections;
    private final Endpoint endpoint;
    private final Ledger ledger;

    private @Nullable Channel channel;
    private Phase began = Phase.WARM_UP;
    private long begunNanos;
    private boolean atWork;
    private boolean stopped;

    QuietCaller(Connections connections, Endpoint endpoint, Ledger ledger) {
        this.connections = connections;
        this.endpoint = endpoint;
        this.ledger = ledger;
    }

    @Override
    public void start() {
        if (stopped) {
            return;
        }
        atWork = true;
        began = ledger.now();
        begunNanos = System.nanoTime();
        connections.open(endpoint, new Opening(), new Watch());
    }

    @Override
    public void stop() {
        stopped = true;
        Channel open = channel;
        if (open != null) {
            open.close();
        }
    }

    @Override
    public boolean isAtWork() {
        return atWork;
    }

    private void renew(Channel old) {
        if (channel == old) {
            channel = null;
            old.close();
            start();
        }
    }

    private void again() {
        connections.after(PAUSE, this::start);
    }

    /** To connect is what such a client can be said to request. */
    private final class Opening implements Connections.User {
        @Override
        public void opened(Channel opened) {
            atWork = false;
            ledger.answered(began, System.nanoTime() - begunNanos);
            channel = opened;
            if (stopped) {
                opened.close();
                return;
            }
            int keeps = ThreadLocalRandom.current().nextInt(KEEPS_MIN_MS, KEEPS_MAX_MS);
            connections.after(Duration.ofMillis(keeps), () -> renew(opened));
        }

        @Override
        public void notOpened(String why) {
            atWork = false;
            ledger.failed(began, Failure.NOT_CONNECTED);
            again();
        }
    }

    private final class Watch extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ReferenceCountUtil.release(message); // a greeting, maybe
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            if (!stopped && context.channel() == channel) {
                channel = null;
                ledger.closed();
                again();
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.close();
        }
    }
}
