package dev.baton.spi.admin;

import dev.baton.spi.ByBaton;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.threading.OffLoop;
import java.util.List;
import java.util.Map;

/** Snapshots of the running process. Each reads what is there without stopping anything: figures need not add up. */
@ByBaton
@AnyThread
public interface RuntimeView {

    /** The process as a whole. */
    StatusSnapshot status();

    /** The loops, by id. */
    List<LoopSnapshot> loops();

    /** The fds in the table, by number. Cost: O(highest number). */
    List<FdSnapshot> fds();

    /** The fds that were deleted and not closed yet, by number. Cost: O(highest number). */
    List<OrphanSnapshot> orphans();

    /** The listeners, by name. */
    List<ListenerSnapshot> listeners();

    /** The pools of idle connections, by upstream and server. */
    List<PoolSnapshot> pools();

    /** The upstreams and their servers, by name. */
    List<UpstreamSnapshot> upstreams();

    /** The plugins, by id, also those that were not loaded. */
    List<PluginSnapshot> plugins();

    /**
     * What is slow: routes and servers, by the metrics of {@link dev.baton.spi.traffic.TrafficMetrics}, and the loops.
     * Waits while another thread asks for the same.
     */
    @OffLoop
    TopSnapshot top();

    /**
     * The loops that are blocked now, by id, with what their threads are in. Cost: O(highest number), and a stop of
     * each of these threads for its stack.
     */
    @OffLoop
    List<BlockedLoop> blocked();

    /**
     * Begins to count which loop takes how many connections over from which. Nothing is counted before: while nobody
     * looks, a takeover costs one read more, and while somebody does some ten nanoseconds.
     */
    MoveCount countMoves();

    /** The last steps of upgrades that this process has a part in, by time; those before it is ready included. */
    List<UpgradeStep> upgrades();

    /** The additional views that plugins contributed, by name. Does not change while the process runs. */
    Map<String, AdminView> views();
}
