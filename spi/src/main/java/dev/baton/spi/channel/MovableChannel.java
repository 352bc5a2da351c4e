package dev.baton.spi.channel;

import dev.baton.spi.ByBaton;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.threading.OnLoop;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.socket.SocketChannelConfig;
import io.netty.util.AttributeKey;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * A connection that is not married to its thread: a Netty channel whose fd may be taken over by another loop whenever
 * no callback runs in it.
 *
 * <p>Code runs on a channel only under a claim on it. Netty's handlers get one from the dispatcher; code that comes
 * from elsewhere, another channel's handler above all, has three ways in:
 *
 * <ul>
 *   <li>{@link #tryEnter} and, in a {@code finally}, {@link #leave}: the cheap one, for hot code;
 *   <li>{@link #post}: runs now if that keeps the order, else queues; for messages from one channel to another;
 *   <li>Netty's own methods (write, close, {@code eventLoop().execute}), which do the like by themselves.
 * </ul>
 *
 * <p>{@code eventLoop()} is a facade of this channel's own that stays the same for life and whose {@code inEventLoop()}
 * is true only for the thread that holds a claim now.
 *
 * <p>Over TCP it is also a {@link io.netty.channel.socket.SocketChannel}, whose addresses are internet ones. Over a
 * unix socket they are {@link java.net.UnixDomainSocketAddress}, without a path where nothing was bound, or
 * {@link dev.baton.spi.posix.AbstractUnixAddress}. An accepted connection has a parent, a
 * {@link io.netty.channel.ServerChannel} that stands for its listener and can be looked at only.
 *
 * <p>What the code of a plugin throws here is an error of the plugin: logged, counted in
 * {@code baton_plugin_errors_total}, and the connection is closed. That goes for a handler's inbound callbacks,
 * {@code handlerAdded} and {@code handlerRemoved} included, if no {@code exceptionCaught} behind them keeps it to
 * itself (an {@code IOException} that gets through is an end of the connection and no error), for an
 * {@code exceptionCaught} that throws itself, for tasks of {@code execute}, {@code submit}, {@link #post},
 * {@link #offer} and {@link #afterLeave}, for timers, and for listeners of promises and futures. A listener is taken to
 * run for the connection that its thread has entered last. The future of a timer or of {@code submit} fails as well.
 * What fails another future is told by that future alone: a {@code write} of a handler (with a void promise it comes
 * back as {@code exceptionCaught}).
 */
@ByBaton
public interface MovableChannel extends DuplexChannel {
    /**
     * What becomes of bytes that are unread when the peer ends its side, or resets the connection, while the channel is
     * not read ({@code AUTO_READ} off). True, the default: all of them are given to the handlers, and then the end is
     * told, as Netty's epoll transport does; they are as many as the socket's receive buffer holds, up to
     * {@code net.ipv4.tcp_rmem}. False: no byte is read unasked, and an end with bytes before it is told by the read
     * that comes to it, as with Netty's NIO transport; for services that bound what they hold by not reading.
     */
    ChannelOption<Boolean> READ_TO_END = ChannelOption.valueOf(MovableChannel.class, "READ_TO_END");

    /**
     * Where the runtime keeps what connection filters have found out; absent if they found nothing. Read {@link #facts}
     * instead.
     */
    AttributeKey<ConnectionFacts> FACTS = AttributeKey.valueOf(MovableChannel.class, "FACTS");

    /** Its options, for TCP and unix sockets alike. */
    @AnyThread
    @Override
    SocketChannelConfig config();

    /**
     * Who speaks with whom on an accepted connection: what connection filters have found out, else the socket's own
     * addresses. For everything that concerns the client (logs, limits, forwarded headers) use these, and not
     * {@link #remoteAddress}. Cost: where no filter found anything, a system call the first time, for the server's
     * address.
     */
    @AnyThread
    default ConnectionFacts facts() {
        ConnectionFacts found = hasAttr(FACTS) ? attr(FACTS).get() : null;
        return found == null ? new ConnectionFacts(remoteAddress(), localAddress()) : found;
    }

    /** The client's address as {@link #facts} has it, without the cost of the server's. Null if it is not known. */
    @AnyThread
    default @Nullable SocketAddress clientAddress() {
        ConnectionFacts found = hasAttr(FACTS) ? attr(FACTS).get() : null;
        return found == null ? remoteAddress() : found.client();
    }

    /**
     * What the TLS handshake with the client has settled, as {@link #facts} has it, without the cost of the server's
     * address. Null if the client does not speak TLS with this process.
     */
    @AnyThread
    default @Nullable TlsFacts tls() {
        ConnectionFacts found = hasAttr(FACTS) ? attr(FACTS).get() : null;
        return found == null ? null : found.tls();
    }

    /** The pair in the fd table; null before there is a socket. Stays as it was when the fd is closed. */
    @AnyThread
    @Nullable
    Fd fd();

    /** The loop that owns the fd now, or owned it last. May be out of date when it returns, unless a claim is held. */
    @AnyThread
    Loop loop();

    /**
     * Takes a claim, if the caller is the thread of the loop that owns the fd, and if nothing is queued that would be
     * overtaken. A thread that holds the claim already gets it again, and gives it back as often. Cost: one CAS.
     *
     * @return true: the caller may run on the channel until it calls {@link #leave}, which must stand in a finally
     */
    @AnyThread
    boolean tryEnter();

    /**
     * Gives a claim of {@link #tryEnter} or {@link #takeover} back. If the fd was deleted meanwhile, this closes it.
     */
    @OnLoop
    void leave();

    /**
     * Makes the calling loop the owner, without the help of the present owner and whatever that is doing. TAKEN: the
     * caller holds a claim and must leave. Everything else: nothing was changed; try another connection, not this one
     * again. Cost: a CAS and two calls of the poller, about a microsecond.
     *
     * @param thief the loop whose thread is calling
     */
    @OnLoop
    TakeoverResult takeover(Loop thief);

    /**
     * Runs a task under a claim: at once if the caller can have one and nothing is queued before it, else later and in
     * order, on whichever loop owns the fd then. When the channel is closed it runs on the last owner.
     *
     * @throws java.util.concurrent.RejectedExecutionException if that loop has ended: the task will not run
     */
    @AnyThread
    void post(Runnable task);

    /**
     * Says how much memory the connection's service holds for it, beside what it has written: parts of a message that
     * has not come whole, bytes that wait for their turn. Replaces what was said before; zero is nothing. It is counted
     * against the budget of the process ({@code memory} in the configuration), and given back when the channel closes.
     * When the budget is used up, the connections that hold most get an {@link Eviction}. Only what stays after a
     * callback is worth saying: it costs an atomic addition whenever it changes by a page of 4 KiB.
     *
     * @param heapBytes in objects and arrays; at least 0
     * @param directBytes in buffers of the channel's allocator, by their capacity; at least 0
     * @return false: there is no room for it, as those that were told to end have not ended yet. The caller does now
     *     what it would do at an {@link Eviction}
     */
    @OnLoop
    default boolean hold(long heapBytes, long directBytes) {
        return true;
    }

    /**
     * Allows the kernel to pass what comes in here on to another connection, without a handler that sees it: from some
     * bytes on, whenever that is possible and cheaper. What is read otherwise comes to the handlers as usual, who write
     * it to the target; the order is kept. So a service that forwards bytes as they are calls this once and handles
     * {@code channelRead} as if it had not.
     *
     * <p>It is done while {@code AUTO_READ} is on, both pipelines have one handler each and no more (TLS needs the
     * bytes for itself), one loop owns both connections, and there is a pipe to be had. A target that does not take
     * what has been taken from here holds this connection back until it has. The end of the input, errors and
     * {@code channelReadComplete} are told as usual, the end behind the last byte. Either connection may be taken over
     * at any time. Ends with this connection. Does nothing where there is no kernel to ask.
     *
     * @param target where the handler writes everything that it reads here, unchanged
     * @param after bytes that are read before, each time that passing them on becomes worth it; at least 0
     * @param listener is told how much has gone
     */
    @OnLoop
    default void spliceTo(MovableChannel target, long after, SpliceListener listener) {}

    /** Runs a task under a claim, in order, but never at once: for work that must not starve others. */
    @AnyThread
    void offer(Runnable task);

    /**
     * Runs once when the claim that is held now has been given back, on the same thread: what makes the channel
     * available to others (putting it into a pool) stands here, so that it is not busy because of its own put. Replaces
     * one that was set before in the same claim.
     */
    @OnLoop
    void afterLeave(Runnable action);
}
