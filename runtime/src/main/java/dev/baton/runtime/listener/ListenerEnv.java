package dev.baton.runtime.listener;

import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.pack.Companions;
import dev.baton.spi.metrics.Metrics;
import java.time.Duration;
import java.util.concurrent.Executor;

/**
 * What all listeners of a process share.
 *
 * @param channels what their connections need
 * @param metrics where they count
 * @param worker where binding may block
 * @param total how many connections they may have together
 * @param balance tells the loop with the fewest connections
 * @param closeSpread within which time idle connections end that are asked to at once
 * @param companions the upstream connections that go to another process with theirs
 * @param sockets is told of their sockets
 */
public record ListenerEnv(
        ChannelEnv channels,
        Metrics metrics,
        Executor worker,
        TotalLimit total,
        Balance balance,
        Duration closeSpread,
        Companions companions,
        SocketWatch sockets) {

    /** Where connections go to another process without companions, and nobody is told of sockets. */
    public ListenerEnv(
            ChannelEnv channels,
            Metrics metrics,
            Executor worker,
            TotalLimit total,
            Balance balance,
            Duration closeSpread) {
        this(channels, metrics, worker, total, balance, closeSpread, Companions.NONE, SocketWatch.NONE);
    }
}
