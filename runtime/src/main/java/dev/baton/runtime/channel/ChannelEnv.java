package dev.baton.runtime.channel;

import dev.baton.runtime.fd.FdBudget;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.fd.PluginFailures;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.ChannelHome;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.posix.Posix;
import io.netty.buffer.ByteBufAllocator;

/**
 * What every channel needs of the runtime.
 *
 * @param table where its fd lives
 * @param posix its system calls
 * @param loops the loops by id
 * @param failures is told when a callback throws and no handler catches it
 * @param memory where it takes its buffers from, unless it is told otherwise
 * @param servers the listening sockets of Netty's servers
 * @param fds how many connections there may be
 * @param budget how much memory connections may hold
 * @param pipes through which the kernel passes bytes on
 */
public record ChannelEnv(
        FdTable table,
        Posix posix,
        LoopRegistry loops,
        PluginFailures failures,
        ByteBufAllocator memory,
        ServerSockets servers,
        FdBudget fds,
        MemoryBudget budget,
        Pipes pipes)
        implements ChannelHome {

    /** With pipes of its own, within the budget of fds. */
    public ChannelEnv(
            FdTable table,
            Posix posix,
            LoopRegistry loops,
            PluginFailures failures,
            ByteBufAllocator memory,
            ServerSockets servers,
            FdBudget fds,
            MemoryBudget budget) {
        this(table, posix, loops, failures, memory, servers, fds, budget, new Pipes(table, posix, fds));
    }

    /** Where no process was before this one, and there are fds for all. */
    public ChannelEnv(
            FdTable table, Posix posix, LoopRegistry loops, PluginFailures failures, ByteBufAllocator memory) {
        this(table, posix, loops, failures, memory, new ServerSockets(), new FdBudget(), new MemoryBudget(table));
    }

    /**
     * That of a loop.
     *
     * @throws IllegalStateException if the channels of its loops are always made with one
     */
    static ChannelEnv of(BatonLoop loop) {
        if (loop.channelHome() instanceof ChannelEnv env) {
            return env;
        }
        throw new IllegalStateException(loop + " takes no channels that were made without its Baton");
    }

    /** The same, with Netty's memory. */
    public ChannelEnv(FdTable table, Posix posix, LoopRegistry loops, PluginFailures failures) {
        this(table, posix, loops, failures, ByteBufAllocator.DEFAULT);
    }
}
