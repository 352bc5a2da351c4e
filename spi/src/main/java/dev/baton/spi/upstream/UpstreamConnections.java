package dev.baton.spi.upstream;

import dev.baton.spi.ByBaton;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.threading.OnLoop;
import org.jspecify.annotations.Nullable;

/**
 * Connections of one protocol to the servers of one upstream: {@link #take} an idle one or {@link #connect} a new one,
 * and {@link #release} it or close it. idle + in use = open, always.
 *
 * <p>Where the configuration sets {@code proxy-protocol}, each connection begins with a header that names one client,
 * before anything that handlers write. No other client may use it then: {@link #take} finds none, and {@link #release}
 * closes it.
 *
 * <p>Where it sets {@code tls}, a connection is there only when its handshake is done: its handlers send and receive
 * plain bytes, and see the end of the input when the server has ended TLS. What a service has added to its pipeline
 * stands behind what encrypts it, so it is not the first there. A connect that fails because of TLS fails with a
 * {@link TlsHandshakeException}. After a reload of certificates, {@link #take} finds none that was opened before, and
 * {@link #release} closes those.
 *
 * <p>Where it sets {@code max-connections}, no more than that are open to a server, over all loops, profiles and
 * plugins, whether they are being connected, in use or idle. What does not find a place waits in {@link #connect},
 * first come, first served: a released connection goes to the first that waits in its profile, the place of a closed
 * one to the first of all. While any connect waits, {@link #take} finds nothing.
 */
@ByBaton
public interface UpstreamConnections {

    /**
     * Takes an idle connection, the loop's own first, then another loop's by takeover.
     *
     * @param loop the loop whose thread is calling
     * @return a connection on which the caller holds a claim and must leave, or null: {@link #connect} one
     */
    @OnLoop
    @Nullable
    MovableChannel take(UpstreamServer server, Loop loop);

    /**
     * Opens a new connection for no client in particular, owned by the calling loop. The handler is called exactly
     * once.
     *
     * @param loop the loop whose thread is calling
     */
    @OnLoop
    void connect(UpstreamServer server, Loop loop, ConnectHandler handler);

    /**
     * Opens a new connection for a client, owned by the calling loop. The handler is called exactly once.
     *
     * @param loop the loop whose thread is calling
     * @param client the client's connection; its {@link MovableChannel#facts} are what a header tells of it
     */
    @OnLoop
    default void connect(UpstreamServer server, Loop loop, MovableChannel client, ConnectHandler handler) {
        connect(server, loop, handler);
    }

    /**
     * Gives a connection back that can serve another exchange. The caller holds a claim on it; it goes into the pool
     * after the last leave. Everything of the exchange must have been cleared before.
     *
     * <p>An idle connection continues to read, so that its close is noticed. Bytes that arrive then belong to no
     * exchange: the handler must close the connection when it reads any, as nothing else can see them. Taken meanwhile
     * or not, it is never used again then.
     */
    @OnLoop
    void release(MovableChannel connection);

    /**
     * Says how many exchanges a connection in use carries at once, which balancers count; a connection that nothing was
     * said of carries one. Say 1 before {@link #release}. Under the claim.
     *
     * @return false: the connection is to carry no more than that, because it may not rest when it is released; for
     *     example the address of its server is gone, or an operator drains it
     */
    @OnLoop
    default boolean carries(MovableChannel connection, int exchanges) {
        return true;
    }

    /**
     * Whether a connect waits because of {@code max-connections} which a connection in use could serve beside what it
     * carries. A service that shares connections asks after each exchange that ends on one; a connect that waits is in
     * the queue before {@link ConnectHandler#waits} is called, so one that looks for room from then on misses none.
     * Under the claim.
     */
    @OnLoop
    default boolean isWaitedFor(MovableChannel connection) {
        return false;
    }

    /**
     * Hands a connection in use to the connect of its profile that has waited longest, whose handler is told of it at
     * once. Under the claim.
     *
     * @return false: none waits
     */
    @OnLoop
    default boolean share(MovableChannel connection) {
        return false;
    }
}
