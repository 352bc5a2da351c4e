package dev.baton.plugin.demoorigin;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.service.Service;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.timeout.IdleStateHandler;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** A small HTTP server to put behind the proxy: says who answered, sends bytes, waits, echoes. */
final class DemoOrigin implements Service {
    /** Of a request line and of all header fields together, in bytes; and of a piece of a body. */
    private static final int MAX_LINE = 8 * 1024;

    private static final int MAX_HEADERS = 32 * 1024;
    private static final int MAX_CHUNK = 64 * 1024;

    private final String name;
    private final DemoOriginConfig config;

    DemoOrigin(String name, DemoOriginConfig config) {
        this.name = name;
        this.config = config;
    }

    @Override
    public void initialize(MovableChannel connection, String listener) {
        connection.config().setTcpNoDelay(true);
        connection
                .pipeline()
                .addLast("codec", new HttpServerCodec(MAX_LINE, MAX_HEADERS, MAX_CHUNK))
                // Output counts as well: a slow reader of a long answer is not idle.
                .addLast(
                        "idle",
                        new IdleStateHandler(true, 0, 0, config.idleTimeout().toMillis(), TimeUnit.MILLISECONDS))
                .addLast("origin", new OriginHandler(name, config, connection));
    }

    @Override
    public void drain(MovableChannel connection, Duration patience) {
        connection.post(() -> {
            OriginHandler handler = connection.pipeline().get(OriginHandler.class);
            if (handler != null) {
                handler.drain(patience);
            }
        });
    }
}
