package dev.baton.plugin.chaos;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.service.Service;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.timeout.IdleStateHandler;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** A small HTTP server that does on request what a handler must not do. */
final class ChaosService implements Service {
    /** Bytes of a request's body: none is of any use here. */
    private static final int BODY_MAX = 64 * 1024;

    /** After so long without a byte read or written a connection ends; one that does not take its answers too. */
    private static final int IDLE_SECONDS = 60;

    private final ChaosConfig config;
    private final Delays delays;

    ChaosService(ChaosConfig config, Delays delays) {
        this.config = config;
        this.delays = delays;
    }

    @Override
    public void initialize(MovableChannel connection, String listener) {
        delays.pass(Point.SERVICE_INITIALIZE);
        connection.config().setTcpNoDelay(true);
        connection
                .pipeline()
                .addLast(new HttpServerCodec())
                .addLast(AnswerDates.INSTANCE)
                .addLast(new HttpObjectAggregator(BODY_MAX))
                .addLast(new IdleStateHandler(true, 0, 0, IDLE_SECONDS, TimeUnit.SECONDS))
                .addLast(new ChaosHandler(config, connection));
    }

    @Override
    public void drain(MovableChannel connection, Duration patience) {
        delays.pass(Point.SERVICE_DRAIN);
        ChaosHandler handler = connection.pipeline().get(ChaosHandler.class);
        if (handler != null) {
            handler.drain(patience);
        }
    }
}
