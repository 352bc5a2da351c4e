package dev.baton.runtime.loop;

import dev.baton.runtime.fd.FdObservers;
import dev.baton.runtime.fd.FdTable;
import dev.baton.spi.poller.Poller;
import dev.baton.spi.poller.PollerContext;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.posix.PollCalls;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerFactory;
import io.netty.util.concurrent.ThreadAwareExecutor;
import io.netty.util.concurrent.Ticker;
import java.io.IOException;
import java.io.UncheckedIOException;

/** Opens a poller for each new loop and gives the loop its id: the next, or the one that a loop apart has. */
final class LoopFactory implements IoHandlerFactory {
    private final PollerProvider provider;
    private final PollCalls calls;
    private final FdTable table;
    private final FdObservers observers;
    private final LoopRegistry registry;
    private final Ticker ticker;
    private final boolean apart;
    private final LoopRole role;

    LoopFactory(
            PollerProvider provider,
            PollCalls calls,
            FdTable table,
            FdObservers observers,
            LoopRegistry registry,
            Ticker ticker,
            boolean apart,
            LoopRole role) {
        this.provider = provider;
        this.calls = calls;
        this.table = table;
        this.observers = observers;
        this.registry = registry;
        this.ticker = ticker;
        this.apart = apart;
        this.role = role;
    }

    /** What the loops are there for. */
    LoopRole role() {
        return role;
    }

    LoopRegistry registry() {
        return registry;
    }

    Ticker ticker() {
        return ticker;
    }

    @Override
    public IoHandler newHandler(ThreadAwareExecutor executor) {
        int id = apart ? LoopRegistry.APART : registry.nextId();
        try {
            Poller poller = provider.open(new PollerContext(calls, table, id));
            return new LoopIo(id, poller, table, observers, ticker);
        } catch (IOException e) {
            if (!apart) {
                registry.giveBack(id);
            }
            throw new UncheckedIOException("cannot open a poller for loop " + id, e);
        }
    }
}
