package dev.baton.runtime.vertx;

import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.fd.FdObservers;
import dev.baton.spi.poller.PollerProvider;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.impl.KeptVertx;
import java.util.function.Supplier;

/**
 * Starts a Vert.x whose event loops are Baton's. They are the loops of the {@link ChannelEnv}'s registry from then on,
 * and end when the Vert.x is closed.
 *
 * <p>Vert.x's own connections stay on the loop of their context; the loops are free to carry channels that move, too.
 */
public final class VertxLoops {
    /** Threads for blocking code: made when first needed, and Baton itself needs none. */
    private static final int WORKERS_MAX = 4;

    private VertxLoops() {}

    /**
     * Starts with options for a server that brings no files: nothing is copied out of jars, few workers.
     *
     * @param count how many loops, at least 1
     * @param provider opens a poller for each
     * @param observers counts what happens to their fds
     * @param env where the loops are registered and their channels live
     * @param owners knows whose its contexts are
     * @return the Vert.x; closing it ends the loops
     * @throws IllegalStateException if a poller cannot be opened
     */
    public static Vertx start(
            int count, PollerProvider provider, FdObservers observers, ChannelEnv env, ContextOwners owners) {
        return start(count, new LoopTransport(provider, observers, env, false, true), owners);
    }

    /** As {@link #start(int, PollerProvider, FdObservers, ChannelEnv, ContextOwners)}, where no plugin uses it. */
    public static Vertx start(int count, PollerProvider provider, FdObservers observers, ChannelEnv env) {
        return start(count, provider, observers, env, new ContextOwners(env.failures()));
    }

    /**
     * Starts one with a single loop apart from the others, which the registry finds but does not list.
     *
     * @param provider opens its poller
     * @param observers counts what happens to its fds
     * @param env where the loop is registered and its channels live
     * @param owners knows whose its contexts are
     * @return the Vert.x; closing it ends the loop
     * @throws IllegalStateException if a poller cannot be opened
     */
    public static Vertx startApart(
            PollerProvider provider, FdObservers observers, ChannelEnv env, ContextOwners owners) {
        return start(1, new LoopTransport(provider, observers, env, true, true), owners);
    }

    /**
     * Before others get to use a Vert.x who must not close it: from here on {@code close()} fails and says what to do,
     * whichever way it was come by, a context or a verticle.
     *
     * @param vertx one that was started here without options, and is not kept yet
     * @return the only way to close it
     */
    public static Supplier<Future<Void>> keep(Vertx vertx) {
        return ((KeptVertx) vertx).keep();
    }

    private static Vertx start(int count, LoopTransport transport, ContextOwners owners) {
        try {
            return KeptVertx.start(few().setEventLoopPoolSize(count), transport, owners::created);
        } catch (Throwable t) { // the loops that run already must not be left behind
            transport.stop();
            throw t;
        }
    }

    private static VertxOptions few() {
        return new VertxOptions()
                .setWorkerPoolSize(WORKERS_MAX)
                .setInternalBlockingPoolSize(WORKERS_MAX)
                .setFileSystemOptions(new FileSystemOptions()
                        .setClassPathResolvingEnabled(false)
                        .setFileCachingEnabled(false));
    }

    /**
     * Starts with options of the caller's. The threads keep Vert.x's names, {@code vert.x-eventloop-thread-0} and so
     * on, by which applications, their logs and their tests know them.
     *
     * @param count how many loops, at least 1; the options' own number is not asked
     * @param provider opens a poller for each
     * @param observers counts what happens to their fds
     * @param env where the loops are registered and their channels live
     * @param options anything else; stays as it is
     * @return the Vert.x; closing it ends the loops
     * @throws IllegalStateException if a poller cannot be opened
     */
    public static Vertx start(
            int count, PollerProvider provider, FdObservers observers, ChannelEnv env, VertxOptions options) {
        return start(count, new LoopTransport(provider, observers, env, false, false), options);
    }

    private static Vertx start(int count, LoopTransport transport, VertxOptions options) {
        try {
            return Vertx.builder()
                    .with(new VertxOptions(options).setEventLoopPoolSize(count))
                    .withTransport(new NamedTransport(transport))
                    .build();
        } catch (Throwable t) { // the loops that run already must not be left behind
            transport.stop();
            throw t;
        }
    }

    /**
     * The loops of an environment for Vert.x that others build, with whatever they need; such a Vert.x leaves the loops
     * alone when it is closed.
     *
     * @param env its loops run
     */
    public static io.vertx.core.transport.Transport lent(ChannelEnv env) {
        return new NamedTransport(new LentTransport(env));
    }

    /** What Vert.x is given: says that its transport is there. */
    private record NamedTransport(io.vertx.core.spi.transport.Transport implementation)
            implements io.vertx.core.transport.Transport {
        @Override
        public String name() {
            return "baton";
        }

        @Override
        public boolean available() {
            return true;
        }

        @SuppressWarnings("NullAway") // Vert.x's way to say that nothing is wrong
        @Override
        public Throwable unavailabilityCause() {
            return null;
        }
    }
}
