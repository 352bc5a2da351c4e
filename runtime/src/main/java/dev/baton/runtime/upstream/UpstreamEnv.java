package dev.baton.runtime.upstream;

import dev.baton.runtime.fd.FdBudget;
import dev.baton.spi.admin.Metrics;
import dev.baton.spi.loop.Loops;
import io.netty.resolver.AddressResolverGroup;
import java.net.InetSocketAddress;

/**
 * What upstreams need of the process.
 *
 * @param opener makes channels
 * @param resolver finds names without blocking; asked with the loops themselves, never with a channel's own event loop,
 *     since it keeps state for each executor
 * @param listeners for servers that are written {@code listener:NAME}
 * @param loops the loops
 * @param metrics where connects and reuses are counted
 * @param fds how many connections there may be
 */
public record UpstreamEnv(
        ChannelOpener opener,
        AddressResolverGroup<InetSocketAddress> resolver,
        ListenerAddresses listeners,
        Loops loops,
        Metrics metrics,
        FdBudget fds) {

    /** Where there are fds for all. */
    public UpstreamEnv(
            ChannelOpener opener,
            AddressResolverGroup<InetSocketAddress> resolver,
            ListenerAddresses listeners,
            Loops loops,
            Metrics metrics) {
        this(opener, resolver, listeners, loops, metrics, new FdBudget());
    }
}
