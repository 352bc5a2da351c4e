package dev.baton.spi.service;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.threading.OnLoop;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * What speaks on accepted connections: one instance for each service of the configuration.
 *
 * <p>What its callbacks throw costs the connection that they run for and is counted for the plugin, with the two
 * exceptions that {@link MovableChannel} names.
 */
public interface Service {
    /** Answer of {@link #idleNanos}: it is at work, or has not been served yet. */
    long NOT_IDLE = -1;
    /** Answer of {@link #idleNanos}: this service does not know, now or later. */
    long NEVER_IDLE = -2;

    /**
     * Sets the pipeline of an accepted connection up. Any Netty handler may go in. Called under the claim, before
     * {@code channelActive}; a throw closes this connection and nothing else.
     *
     * @param listener name of the listener that accepted it
     */
    @OnLoop
    void initialize(MovableChannel connection, String listener);

    /**
     * Asks a connection to end at its next natural boundary, for example after the response that is under way, which
     * says so where the protocol has words for it. What has no boundary continues until it is cut.
     *
     * @param patience how long from now on a connection may wait for its peer's next request, whether it does already
     *     or only after a response that could no longer say so: a request that is on its way is answered then, and the
     *     peer hears that it was the last. Zero ends it at once. Of all connections that are asked at the same time
     *     each is given another time, so that their peers do not all come back at once.
     */
    @OnLoop
    default void drain(MovableChannel connection, Duration patience) {}

    /**
     * How long a connection has been between two messages: its peer has been served at least once, has everything that
     * was written for it, and nothing of its next message has been read. Where a new client finds no room (fds,
     * {@code max-connections}) the connections that have been idle longest are asked to {@link #drain} with no
     * patience, which has to close them at once.
     *
     * <p>Asked for all connections without a claim, when the answer may be out of date; then again under the claim for
     * one that is to end, when it must be right. Reads a few fields, takes no lock.
     *
     * @return in nanoseconds, or {@link #NOT_IDLE}, or {@link #NEVER_IDLE}
     */
    @AnyThread
    default long idleNanos(MovableChannel connection) {
        return NEVER_IDLE;
    }

    /**
     * Packs a connection for the process that follows this one in an upgrade, or for another version of this service in
     * this process when the plugin is reloaded, so that it goes on there and its peer notices nothing. Asked of each
     * connection that would be told to {@link #drain} otherwise, under the claim, with nothing queued for it. Answers
     * at once: a connection stands still from here until it is unpacked.
     *
     * <p>After an answer of {@link Packed#of} the connection and its companions are gone for this process: they are
     * closed here without a word to their peers, so writes that were not sent fail and {@code channelInactive} comes.
     * The service must not take that for the end of the connection. If the other process or version does not take it,
     * it comes back by {@link #unpack} of this service.
     *
     * <p>Not asked for connections with TLS of this process, whose keys cannot be packed, nor for those on which a
     * connection filter has left a handler.
     *
     * @param packing takes the claim on connections that have to go along, and asks again at a later boundary
     */
    @OnLoop
    default Packed pack(MovableChannel connection, Packing packing) {
        return Packed.NEVER;
    }

    /**
     * Whether this service can {@link #unpack} a connection, before it has come: what another version of it has packed,
     * or a service that was configured otherwise, may not fit. If it does not, the connection stays where it is. The
     * other process is not trusted: a wrong state is false, not a fault.
     *
     * @param state what {@link #pack} has written
     */
    @AnyThread
    default boolean unpacks(byte[] state) {
        return false;
    }

    /**
     * Sets up a connection that {@link #pack} of the process or version before has packed, as {@link #initialize} does
     * one that was accepted. Called under the claims on it and on its companions, before {@code channelActive} of the
     * connection and after that of the companions, none of which has read yet. What was not sent there is sent before
     * anything that is written from here on. A throw resets these connections and nothing else.
     *
     * @param listener name of the listener that accepted it
     */
    @OnLoop
    default void unpack(MovableChannel connection, String listener, Packed packed) {
        throw new UnsupportedOperationException("this service takes no packed connections");
    }

    /**
     * What clients are offered in a TLS handshake (ALPN) where the listener's {@code tls} does not say: names of
     * protocols that this service tells apart by {@link dev.baton.spi.channel.TlsFacts#alpn}, in the order of
     * preference, for example {@code h2}. Empty, the default: nothing is offered.
     */
    @AnyThread
    default List<String> protocols() {
        return List.of();
    }

    /**
     * Asks for a connection because another version of this service takes its place, when the plugin is reloaded, and
     * it cannot be {@linkplain #pack packed}: asked once of each. One that can be given up is given up at its next
     * boundary between two messages: this service takes its handlers out of the pipeline, cancels its timers and calls
     * {@code taker}, once and under the claim, at once or later, with what it has read and not used (empty if that is
     * nothing; it is the taker's to release). Then the new version's {@link #initialize} is called, and its handlers
     * see {@code channelActive}, and what was read.
     *
     * @return false, the default, if it stays with this service until it ends; it is told to {@link #drain} then
     */
    @OnLoop
    default boolean giveUp(MovableChannel connection, Consumer<ByteBuf> taker) {
        return false;
    }

    /**
     * Gives everything back; connections are closed by now or will be cut. After a reload of the plugin this is called
     * when the last connection of the old version has ended.
     */
    @AnyThread
    default void close() {}
}
