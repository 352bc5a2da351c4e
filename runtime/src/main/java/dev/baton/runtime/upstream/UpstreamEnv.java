package dev.baton.runtime.upstream;

import dev.baton.runtime.fd.FdBudget;
import dev.baton.runtime.tls.LiveTls;
import dev.baton.spi.loop.Loops;
import dev.baton.spi.metrics.Metrics;

/**
 * What upstreams need of the process.
 *
 * @param opener makes channels
 * @param names the host names of servers; closed with the upstreams
 * @param listeners for servers that are written {@code listener:NAME}
 * @param loops the loops
 * @param metrics where connects and reuses are counted
 * @param fds how many connections there may be
 * @param tls the client's side of TLS with servers
 */
public record UpstreamEnv(
        ChannelOpener opener,
        HostNames names,
        ListenerAddresses listeners,
        Loops loops,
        Metrics metrics,
        FdBudget fds,
        LiveTls tls) {

    /** With TLS that looks at no files. */
    public UpstreamEnv(
            ChannelOpener opener,
            HostNames names,
            ListenerAddresses listeners,
            Loops loops,
            Metrics metrics,
            FdBudget fds) {
        this(opener, names, listeners, loops, metrics, fds, new LiveTls(metrics));
    }

    /** Where there are fds for all. */
    public UpstreamEnv(
            ChannelOpener opener, HostNames names, ListenerAddresses listeners, Loops loops, Metrics metrics) {
        this(opener, names, listeners, loops, metrics, new FdBudget());
    }
}
