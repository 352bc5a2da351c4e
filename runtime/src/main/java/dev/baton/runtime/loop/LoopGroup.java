package dev.baton.runtime.loop;

import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.fd.FdWitness;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.posix.PollCalls;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.Ticker;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;

/** Netty's group of event loops, with ours as its children. */
public final class LoopGroup extends MultiThreadIoEventLoopGroup {

    /**
     * Makes the loops and opens their pollers; their threads start with their first task.
     *
     * @param count how many, at least 1
     * @param threads makes their threads
     * @param ticker the clock of their timers
     * @throws java.io.UncheckedIOException (wrapped by Netty in an IllegalStateException) if a poller cannot be opened
     */
    public LoopGroup(
            int count,
            ThreadFactory threads,
            PollerProvider provider,
            PollCalls calls,
            FdTable table,
            FdWitness witness,
            LoopRegistry registry,
            Ticker ticker) {
        super(count, threads, new LoopFactory(provider, calls, table, witness, registry, ticker));
    }

    @Override
    protected IoEventLoop newChild(Executor executor, IoHandlerFactory factory, Object... args) {
        // Called by the super constructor: this class must not have fields of its own.
        LoopFactory ours = (LoopFactory) factory;
        BatonLoop loop = new BatonLoop(this, executor, ours);
        ours.registry().add(loop);
        return loop;
    }
}
