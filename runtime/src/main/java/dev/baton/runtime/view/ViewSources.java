package dev.baton.runtime.view;

import dev.baton.runtime.loop.BatonLoop;
import dev.baton.spi.admin.AdminView;
import dev.baton.spi.admin.ListenerSnapshot;
import dev.baton.spi.admin.PluginSnapshot;
import dev.baton.spi.admin.PoolSnapshot;
import dev.baton.spi.admin.SocketKeeper;
import dev.baton.spi.admin.TopSnapshot;
import dev.baton.spi.admin.UpgradeStep;
import dev.baton.spi.admin.UpstreamSnapshot;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/**
 * What a {@link LiveView} shows and is not in the fd table or the loops.
 *
 * @param version the program's version
 * @param poller the poller's name
 * @param fdsLimit how many fds the process may have
 * @param grace how long a stop lets work go on
 * @param state {@code starting}, {@code ready} or {@code draining}
 * @param keeper who keeps the listening sockets, if anybody does
 * @param listeners by name
 * @param pools by upstream and server
 * @param upstreams by name
 * @param plugins by id
 * @param views of plugins, by name
 * @param top what is slow
 * @param upgrades steps of upgrades, by time
 * @param cpuNanos the processor time that a loop's thread has had, in nanoseconds
 */
public record ViewSources(
        String version,
        String poller,
        long fdsLimit,
        Duration grace,
        Supplier<String> state,
        Supplier<Optional<SocketKeeper>> keeper,
        Supplier<List<ListenerSnapshot>> listeners,
        Supplier<List<PoolSnapshot>> pools,
        Supplier<List<UpstreamSnapshot>> upstreams,
        Supplier<List<PluginSnapshot>> plugins,
        Map<String, AdminView> views,
        Supplier<TopSnapshot> top,
        Supplier<List<UpgradeStep>> upgrades,
        ToLongFunction<BatonLoop> cpuNanos) {}
