package dev.baton.spi.upstream;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.threading.OnLoop;

/** Is told how an attempt to connect ended. */
public interface ConnectHandler {

    /**
     * No connection may be opened now, because {@code max-connections} are open: this one has its place in the queue.
     * Called at most once, by the thread that calls {@code connect}. Another loop may be faster and end the wait before
     * this is called; then {@link WaitingConnect#cancel} does nothing.
     */
    @OnLoop
    default void waits(WaitingConnect wait) {}

    /**
     * The connection is open; called on its loop, under a claim that the caller gives back afterwards. After a wait, it
     * may be another loop than the one that asked, and the connection may have served others before.
     */
    @OnLoop
    void connected(MovableChannel connection);

    /**
     * There is no connection: refused, unreachable, too slow, out of fds, or the server has no place free. After a
     * wait, it may be another loop than the one that asked.
     *
     * @param cause {@link java.net.ConnectException} or another IOException;
     *     {@link io.netty.channel.ConnectTimeoutException} if it took longer than {@code connect-timeout};
     *     {@link ServerBusyException} if it would have had to wait longer than {@code queue-timeout}, or too many wait
     */
    @OnLoop
    void failed(Throwable cause);
}
