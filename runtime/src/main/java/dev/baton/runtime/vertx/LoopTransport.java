package dev.baton.runtime.vertx;

import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.fd.FdObservers;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.LentLoops;
import dev.baton.runtime.loop.LoopGroup;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.spi.poller.PollerProvider;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Ticker;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Loops of the Vert.x's own, which are Baton's. Used by the thread that builds the Vert.x, then by any. */
final class LoopTransport extends ChannelTransport {
    private static final String THREAD_PREFIX = "baton-loop-";
    private static final String THREAD_APART = "baton-apart";

    private final PollerProvider provider;
    private final FdObservers observers;
    private final boolean apart;
    private final boolean named;
    private @Nullable LoopGroup loops;

    /**
     * No loop yet.
     *
     * @param apart whether its loop is one apart
     * @param named whether threads have Baton's names and not Vert.x's
     */
    LoopTransport(PollerProvider provider, FdObservers observers, ChannelEnv env, boolean apart, boolean named) {
        super(env);
        this.provider = provider;
        this.observers = observers;
        this.apart = apart;
        this.named = named;
    }

    // ---- loops ----------------------------------------------------------------------------------------------------

    /** Vert.x asks for its loops first and for an acceptor loop then, which is one of them: no thread only accepts. */
    @Override
    public EventLoopGroup eventLoopGroup(int type, int count, ThreadFactory threads, int ioRatio) {
        LoopGroup made = loops;
        if (type == ACCEPTOR_EVENT_LOOP_GROUP) {
            if (made == null) {
                throw new IllegalStateException("Vert.x asks for an acceptor loop before it has any loop");
            }
            return new LentLoops(apart ? () -> List.of(env.loops().byId(LoopRegistry.APART)) : env.loops()::batonLoops);
        }
        if (made != null) {
            throw new IllegalStateException("Vert.x asks for its loops twice");
        }
        ThreadFactory foreign = apart ? null : env.loops().foreignThreads();
        if (!apart) {
            env.loops().threads(foreign != null ? foreign : threads);
        }
        LoopThreads named = new LoopThreads(foreign != null ? foreign : threads, this.named && foreign == null);
        Ticker ticker = Ticker.systemTicker();
        LoopGroup group = apart
                ? LoopGroup.apart(named, provider, env.posix(), env.table(), observers, env.loops(), ticker)
                : new LoopGroup(count, named, provider, env.posix(), env.table(), observers, env.loops(), ticker);
        loops = group;
        for (EventExecutor each : group) {
            // Starts the thread, now and in this order: its name tells the loop's id.
            named.next = apart ? THREAD_APART : THREAD_PREFIX + ((BatonLoop) each).id();
            each.execute(() -> {});
        }
        return group;
    }

    /** Names the threads that Vert.x makes: it tells them by their class, and watches them for blocked ones. */
    private static final class LoopThreads implements ThreadFactory {
        private final ThreadFactory threads;
        private final boolean named;
        private String next = THREAD_PREFIX;

        LoopThreads(ThreadFactory threads, boolean named) {
            this.threads = threads;
            this.named = named;
        }

        @Override
        public Thread newThread(Runnable loop) {
            Thread thread = threads.newThread(loop);
            if (named) {
                thread.setName(next);
            }
            return thread;
        }
    }

    /** Ends the loops of a Vert.x that did not come into being. */
    void stop() {
        LoopGroup made = loops;
        if (made != null) {
            made.shutdownGracefully(0, 0, TimeUnit.SECONDS);
        }
    }
}
