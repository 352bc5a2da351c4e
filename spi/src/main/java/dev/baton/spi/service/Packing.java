package dev.baton.spi.service;

import dev.baton.spi.ByBaton;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.threading.OnLoop;

/** What {@link Service#pack} is given beside the connection. */
@ByBaton
public interface Packing {
    /**
     * Takes the claim on another connection that has to go with this one, such as the upstream connection of a stream,
     * until {@link Service#pack} has returned. Only during that call.
     *
     * @param companion a connection that {@link dev.baton.spi.upstream.UpstreamConnections} has opened, in use
     * @return false: some code runs on it, or is queued for it, or it cannot move. {@link Packed#NOT_NOW} is the answer
     *     then
     */
    @OnLoop
    boolean with(MovableChannel companion);

    /**
     * Asks for {@link Service#pack} once more, because the boundary that it had to wait for has come. Without this it
     * is called again some time later. Never calls it at once.
     */
    @AnyThread
    void again();
}
