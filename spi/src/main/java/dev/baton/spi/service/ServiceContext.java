package dev.baton.spi.service;

import dev.baton.spi.ByBaton;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.config.Choice;
import dev.baton.spi.loop.Loops;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.threading.OnLoop;
import dev.baton.spi.traffic.Traffic;
import dev.baton.spi.upstream.Upstream;
import io.netty.channel.ChannelHandlerContext;
import java.util.NoSuchElementException;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a service is given.
 *
 * <p>Timers are not among it: those of a connection are set by its {@code eventLoop().schedule}, which runs them under
 * the claim on whichever loop owns the connection then.
 */
@ByBaton
public interface ServiceContext {

    /**
     * An upstream of the configuration.
     *
     * @throws NoSuchElementException if there is none of this name; cannot happen for a component that is annotated
     *     with {@link dev.baton.spi.config.UpstreamName}
     */
    @AnyThread
    Upstream upstream(String name);

    /**
     * Another service of the configuration, to which this one may give connections by its {@link Service#initialize}.
     * From then on this one passes {@link Service#drain}, {@link Service#idleNanos} and {@link Service#pack} of the
     * connection on to it. The runtime closes it: after this one if a component of this one's record names it
     * ({@link dev.baton.spi.config.ServiceName}), else in any order.
     *
     * @throws NoSuchElementException if there is none of this name; cannot happen for a component that is annotated
     *     with {@link dev.baton.spi.config.ServiceName}. A service that no such component names may be missing as long
     *     as services are being made, and is there afterwards
     */
    @AnyThread
    default Service service(String name) {
        throw new NoSuchElementException("there is no service '" + name + "'");
    }

    /**
     * Makes something that the user has chosen for this service. The service closes it, when no connection uses it.
     *
     * @throws IllegalArgumentException if its keys contradict each other
     */
    @AnyThread
    default <T> Contributed<T> make(Choice<T> choice) {
        throw new UnsupportedOperationException("there are no plugins here");
    }

    /**
     * Says that something that {@link #make} has made threw: logs it and counts it for its plugin.
     *
     * @param what what it was doing, for the log: "the filter bearer in the request of route api"
     */
    @AnyThread
    default void failed(Contributed<?> culprit, String what, Throwable thrown) {}

    /**
     * Runs code that may block, on a worker, while the handler that asks for it waits: a file, a database, a client of
     * another service. Called under the claim, in a callback of that handler; returns at once.
     *
     * <p>Until the result is told nothing is read from the connection, nor the end of it noticed, but for a reset. What
     * was read and decoded already is given to the handler afterwards, in order, and so are the end of input and what
     * the handlers before it throw; so the next message comes when the one before is done with. {@code autoRead} stays
     * as it is. Timers, writability changes, IOExceptions and user events, such as an {@code IdleStateEvent} or
     * {@link dev.baton.spi.channel.Eviction}, still come at once: the handler may close a connection whose work takes
     * too long. What has to stay between two messages is sent as a message.
     *
     * <p>Then one of {@code then} and {@code failed} runs, once, under the claim, on whichever loop owns the connection
     * by then; what it throws is an error of the plugin and closes the connection. If the connection is closed by then
     * neither runs, and work that has not begun is left out; a result that is {@link io.netty.util.ReferenceCounted} is
     * released. A result that has to be closed must not be returned, because no callback may ever get it: {@code work}
     * closes it.
     *
     * <p>Several handlers of one connection may wait at a time. It is read again when none waits. A handler that does
     * several things at a time, as that of HTTP/2, asks with the connection instead of its context: see below.
     *
     * <p>Workers are virtual threads where the JDK has them, from 21 on. Each plugin has its own: as many pieces of
     * work run at once as {@code workers: threads} in the configuration says, {@code workers: queue} more wait, others
     * are refused. When the process ends, after its connections, work that still runs is interrupted.
     *
     * @param handler the context of the handler that waits, of a {@link dev.baton.spi.channel.MovableChannel}
     * @param work runs without a claim: it must not touch the connection, nor fields that callbacks use
     * @param then is given what {@code work} returned
     * @param failed is given what {@code work} threw, or a {@link java.util.concurrent.RejectedExecutionException} if
     *     it was refused
     * @throws IllegalStateException if the caller has no claim, or the handler waits already
     * @throws IllegalArgumentException if the handler's channel is no connection of a service
     */
    @OnLoop
    default <T extends @Nullable Object> void blocking(
            ChannelHandlerContext handler,
            Callable<? extends T> work,
            Consumer<? super T> then,
            Consumer<? super Throwable> failed) {
        throw new UnsupportedOperationException("this context has no workers");
    }

    /**
     * As {@link #blocking(ChannelHandlerContext, Callable, Consumer, Consumer)}, with a worker of the plugin that has
     * contributed the code.
     */
    @OnLoop
    default <T extends @Nullable Object> void blocking(
            Contributed<?> code,
            ChannelHandlerContext handler,
            Callable<? extends T> work,
            Consumer<? super T> then,
            Consumer<? super Throwable> failed) {
        blocking(handler, work, then, failed);
    }

    /**
     * As {@link #blocking(Contributed, ChannelHandlerContext, Callable, Consumer, Consumer)}, for one of several things
     * that a connection does at a time, such as a stream of HTTP/2. The connection is read all the while, and any
     * number of calls may be under way: what must not overtake the result is held back by the caller.
     *
     * @return to {@linkplain BlockingWork#leaveOut leave the work out} when its result is not wanted, for example
     *     because the stream was reset
     * @throws IllegalStateException if the caller has no claim
     * @throws IllegalArgumentException if that is no connection of a service
     */
    @OnLoop
    default <T extends @Nullable Object> BlockingWork blocking(
            Contributed<?> code,
            MovableChannel connection,
            Callable<? extends T> work,
            Consumer<? super T> then,
            Consumer<? super Throwable> failed) {
        throw new UnsupportedOperationException("this context has no workers");
    }

    /** The loops of this process. */
    Loops loops();

    /** Where the service counts. */
    Metrics metrics();

    /** Where the service reports what it has finished, for those who watch. */
    default Traffic traffic() {
        return Traffic.UNWATCHED;
    }
}
