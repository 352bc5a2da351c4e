package dev.baton.runtime.server;

import dev.baton.runtime.config.LaneConfig;
import dev.baton.runtime.config.ListenerConfig;
import dev.baton.runtime.config.RootConfig;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.posix.FdLimit;
import dev.baton.runtime.server.StartException.Kind;
import java.util.ArrayList;
import java.util.List;

/**
 * What the fd limit leaves for clients and upstream connections, and what is kept from them.
 *
 * <p>Without a reserve the clients that come first have every fd, and then there is none to answer them with, none for
 * the admin API, and none for the upgrade that would help.
 *
 * @param limit how many fds the process may have
 * @param reserved how many are for everything else that comes after the start
 * @param wanted how many should be reserved
 * @param clients how many are for clients and upstream connections
 * @param perClient how many one client may come to need
 */
record FdPlan(long limit, int reserved, int wanted, int clients, int perClient) {
    /** Where /proc is missing: a JVM with Baton's jars has about 100. */
    private static final int ASSUMED_OPEN = 200;
    /** What every start opens after the count: the admin API's listening socket, and the JVM one more. */
    private static final int START_FDS = 2;

    /** Connections to the admin API. */
    private static final int ADMIN_FDS = 8;
    /** Of those: how many are kept open for nothing, at most, and which part of a small reserve. */
    private static final int SPARES_MAX = 4;

    private static final int SPARE_SHARE = 8;
    /**
     * Pipes to the new process, the handoff's socket and its connection; the copies of listening sockets come on top.
     */
    private static final int UPGRADE_FDS = 12;
    /**
     * What plugins and the JVM open at run time: jars, files, a recording, a dump. A socket a loop for names comes on
     * top.
     */
    private static final int OTHER_FDS = 16;
    /**
     * Of a spare loop, of which there may be as many as of others, and of one of a lane: its poller and what wakes it.
     */
    private static final int SPARE_LOOP_FDS = 2;

    /**
     * Plans.
     *
     * @param limit the limit that holds
     * @param open how many fds are open; negative if that is unknown
     * @param config says how many listening sockets will be opened
     * @param loops how many loops there are
     * @param perClient how many fds one client may come to need
     * @throws StartException if not even one client could be served
     */
    static FdPlan of(FdLimit limit, int open, RootConfig config, int loops, int perClient) throws StartException {
        int sockets = config.listeners().values().stream()
                .mapToInt(listener -> listener.sockets() == ListenerConfig.Sockets.PER_LOOP ? loops : 1)
                .sum();
        // Numbers run below the table's size, whatever the kernel allows.
        int most = (int) Math.min(limit.soft(), FdTable.MAX_FDS);
        int inLanes = config.services().values().stream()
                .mapToInt(service -> service.lane().map(LaneConfig::loops).orElse(0))
                .sum();
        int wanted = ADMIN_FDS + UPGRADE_FDS + OTHER_FDS + sockets + loops + SPARE_LOOP_FDS * (loops + inLanes);
        int needed = (open < 0 ? ASSUMED_OPEN : open) + START_FDS + sockets;
        // A small limit is shared: better to serve somebody than to be ready for an upgrade.
        int reserved = Math.min(wanted, Math.max(1, (most - needed) / 2));
        int clients = most - needed - reserved;
        if (clients < perClient) {
            throw new StartException(
                    Kind.FAILED,
                    List.of("the limit of " + most + " open files is too small: a start needs " + needed + ", a client "
                            + perClient + ", the admin API 1; it should be "
                            + (needed + 2L * wanted) + " or more (ulimit -n, or LimitNOFILE= of a systemd unit)"));
        }
        return new FdPlan(limit.soft(), reserved, wanted, clients, perClient);
    }

    /** What of the reserve is kept open, for connections to the admin API: whatever else opens files cannot take it. */
    int spares() {
        return Math.max(1, Math.min(SPARES_MAX, reserved / SPARE_SHARE));
    }

    /** What upstream connections may use of the reserve for a moment. */
    int slack() {
        return (reserved + 1) / 4;
    }

    /**
     * How many clients can be there at once with everything that they may need, or as many as the configuration says.
     */
    private int connections(RootConfig config) {
        return config.maxConnections().map(max -> Math.min(max, clients)).orElse(clients / perClient);
    }

    /** The part of the start-up line. */
    String line(RootConfig config) {
        String fds = limit == Long.MAX_VALUE ? "unlimited" : Long.toString(limit);
        return "fd limit " + fds + " (soft limit raised to hard), " + clients + " of them for clients: "
                + connections(config) + (connections(config) == 1 ? " connection" : " connections")
                + (config.maxConnections().isPresent()
                        ? " (max-connections)"
                        : perClient == 1 ? "" : " of up to " + perClient + " fds each");
    }

    /** What does not fit. */
    List<String> warnings(RootConfig config) {
        List<String> warnings = new ArrayList<>();
        if (reserved < wanted) {
            warnings.add("the fd limit of " + limit + " leaves " + reserved + " of " + wanted
                    + " fds that the admin API, plugins and an upgrade should have: an upgrade may fail; the limit should be "
                    + (limit + 2L * (wanted - reserved)) + " or more");
        }
        if (config.maxConnections().isPresent()) {
            int max = config.maxConnections().get();
            if (max > clients) {
                warnings.add(unreachable("max-connections: " + max, max, clients));
            } else if (max > clients / perClient) {
                warnings.add("max-connections: " + max + " leaves " + (clients - max)
                        + " fds for upstream connections: the fd limit of " + limit + " allows " + clients / perClient
                        + " clients of " + perClient + " fds each; " + remedy(max));
            }
        } else {
            int most = connections(config);
            config.listeners()
                    .forEach((name, listener) -> listener.maxConnections()
                            .filter(max -> max > most)
                            .ifPresent(max -> warnings.add(
                                    unreachable("listeners." + name + ".max-connections: " + max, max, most))));
        }
        return warnings;
    }

    private String unreachable(String what, int max, int most) {
        return what + " cannot be reached: the fd limit of " + limit + " allows " + most + " connections; "
                + remedy(max);
    }

    private String remedy(int max) {
        return "it would have to be " + (limit - clients + (long) max * perClient);
    }
}
