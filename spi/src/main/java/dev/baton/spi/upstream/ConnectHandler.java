package dev.baton.spi.upstream;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.threading.OnLoop;

/** Is told how an attempt to connect ended. */
public interface ConnectHandler {

    /** The connection is open; called on its loop, under a claim that the caller gives back afterwards. */
    @OnLoop
    void connected(MovableChannel connection);

    /**
     * There is no connection: refused, unreachable, too slow, or out of fds.
     *
     * @param cause {@link java.net.ConnectException} or another IOException;
     *     {@link io.netty.channel.ConnectTimeoutException} if it took longer than {@code connect-timeout}
     */
    @OnLoop
    void failed(Throwable cause);
}
