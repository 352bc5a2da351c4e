package dev.baton.runtime.upstream;

import dev.baton.runtime.config.ServerAddress;
import dev.baton.runtime.health.Health;
import dev.baton.runtime.health.HealthStatus;
import dev.baton.runtime.health.ServerCheck;
import dev.baton.spi.metrics.Metrics.Counter;
import dev.baton.spi.upstream.ServerState;
import dev.baton.spi.upstream.UpstreamServer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One server of an upstream: its state and weight, its failures and latency, and its connections in each profile. Any
 * thread; state, weight and profiles are changed by one thread at a time.
 */
final class LiveServer {
    private final UpstreamServer server;
    private final ServerLocator locator;
    /** Null if it has none. */
    private final @Nullable ConnectionLimit limit;

    private final LongSupplier clockNanos;
    private final Backoff backoff;
    private final Counter leftOut;
    private final Ejections ejections;
    private final AtomicInteger inFlight = new AtomicInteger();
    private final Latency answers = new Latency();
    private final Latency connects = new Latency();
    private final SlowStart slowStart;
    /** Null if there are none. */
    private volatile @Nullable ServerCheck check;
    /** Where it is checked, if that is another port; null if it is the same. */
    private volatile @Nullable ServerLocator checkedAt;

    private volatile int weight;
    private volatile boolean weighed;
    private volatile Place place = Place.FIRST;
    private volatile ServerState state = ServerState.READY;
    private volatile boolean refuses;
    /** By the number of the profile; null where there is none. */
    private volatile @Nullable ServerPool[] pools = {};
    /** What the pools have counted that are gone. Guarded by this object. */
    private PoolTotals past = PoolTotals.NONE;
    /** Null unless it was removed. */
    private volatile @Nullable Runnable whenUnused;

    /**
     * A server to which nothing is connected.
     *
     * @param limit of its connections; null if it has none
     * @param slowStart over, or none
     * @param backoff in use
     * @param leftOut counts how often it is left out after a connect
     * @param ejections count how often it is left out after its answers
     */
    LiveServer(
            UpstreamServer server,
            ServerLocator locator,
            @Nullable ConnectionLimit limit,
            int weight,
            LongSupplier clockNanos,
            SlowStart slowStart,
            Backoff backoff,
            Counter leftOut,
            Ejections ejections) {
        this.limit = limit;
        this.server = server;
        this.locator = locator;
        this.weight = weight;
        this.clockNanos = clockNanos;
        this.slowStart = slowStart;
        this.backoff = backoff;
        this.leftOut = leftOut;
        this.ejections = ejections;
    }

    UpstreamServer server() {
        return server;
    }

    /** Its number, which no other server of the upstream has or gets. */
    int index() {
        return server.index();
    }

    /** Its name or address, which its certificate must have; null for a listener of this process. */
    @Nullable
    String host() {
        return ServerAddress.host(server.address()).orElse(null);
    }

    /** Whether both have one address. */
    boolean isAt(LiveServer other) {
        return server.address().equals(other.server.address());
    }

    ServerLocator locator() {
        return locator;
    }

    @Nullable
    ConnectionLimit limit() {
        return limit;
    }

    Backoff backoff() {
        return backoff;
    }

    /** How often it was left out after a connect. */
    Counter leftOut() {
        return leftOut;
    }

    Ejections ejections() {
        return ejections;
    }

    /** As configured, as its SRV record says, or set at run time: 0 to 256. */
    int weight() {
        return weight;
    }

    /** An operator sets it. {@link LiveServers#changed} must follow. */
    void weight(int now) {
        weighed = true;
        weight = now;
    }

    // ---- what an SRV record says of it ------------------------------------------------------------------------------

    /**
     * The place that a server has among the others.
     *
     * @param rank 0 for those that are asked first; the others only while no server of a lower rank can be used
     * @param missing whether its name does not have it any longer, and it gets no new requests
     */
    record Place(int rank, boolean missing) {
        /** Of a server that no SRV record says anything of. */
        static final Place FIRST = new Place(0, false);
    }

    Place place() {
        return place;
    }

    /** {@link LiveServers#changed} must follow. */
    void place(Place now) {
        place = now;
    }

    /** What its record says; an operator's weight stays. {@link LiveServers#changed} must follow. */
    void recordWeight(int now) {
        if (!weighed) {
            weight = now;
        }
    }

    /** Whether it is no server, but stands for those of a service as long as none is known. */
    boolean isStandIn() {
        return locator.service() != null;
    }

    // ---- its health -------------------------------------------------------------------------------------------------

    /**
     * Its checks, which have not been started.
     *
     * @param at where they connect to, if that is another port; closed with them
     */
    void check(ServerCheck made, @Nullable ServerLocator at) {
        check = made;
        checkedAt = at;
    }

    /** The process before has found it down: that counts, if it has checks. {@link LiveServers#changed} must follow. */
    void assumeDown(long sinceNanos, String failure) {
        ServerCheck asks = check;
        if (asks != null) {
            asks.assumeDown(sinceNanos, failure);
        }
    }

    /** Starts its checks, if it has any. */
    void startCheck() {
        ServerCheck asks = check;
        if (asks != null) {
            asks.start();
        }
    }

    /** Ends its checks. */
    void closeCheck() {
        ServerCheck asks = check;
        ServerLocator at = checkedAt;
        if (asks != null) {
            asks.close();
        }
        if (at != null) {
            at.close();
        }
    }

    /** What the checks have found out; null if there are none. */
    @Nullable
    HealthStatus health() {
        ServerCheck asks = check;
        return asks == null ? null : asks.status();
    }

    /** Whether checks say that it cannot serve, or its name has no address. */
    boolean isDown() {
        HealthStatus health = health();
        return (health != null && health.health() == Health.DOWN) || locator.isNowhere();
    }

    /** Whether it is to be checked. */
    boolean isChecked() {
        return state == ServerState.READY || state == ServerState.DRAIN;
    }

    SlowStart slowStart() {
        return slowStart;
    }

    // ---- what the operator lets it do -------------------------------------------------------------------------------

    ServerState state() {
        return state;
    }

    /** {@link LiveServers#changed} and {@link #follow} must follow. */
    void state(ServerState now) {
        assert state != ServerState.REMOVED : server + " was removed";
        state = now;
    }

    /** Whether sessions of this server stay with it: also while it is drained. */
    boolean keepsSessions() {
        return (state == ServerState.READY || state == ServerState.DRAIN) && !place.missing && !isStandIn();
    }

    /** Whether anything may be connected to it. */
    boolean isConnectable() {
        return state != ServerState.MAINTENANCE && !refuses;
    }

    /** It was removed, and a new server of its address goes into maintenance: nothing connects here either. */
    void refuse() {
        refuses = true;
    }

    /** Where connections may rest: at none of its addresses, unless it is ready. */
    Endpoints restingPlaces() {
        return state == ServerState.READY ? locator.endpoints() : Endpoints.NONE;
    }

    /** Closes the idle connections that may rest here no longer. Any thread but a loop's. */
    void follow() {
        for (ServerPool pool : pools()) {
            pool.idle().follow();
        }
    }

    // ---- its connections --------------------------------------------------------------------------------------------

    /** Those of a profile, by its number, which no other has now. */
    void add(int profile, ServerPool pool) {
        @Nullable ServerPool[] before = pools;
        @Nullable ServerPool[] after = Arrays.copyOf(before, Math.max(before.length, profile + 1));
        after[profile] = pool;
        pools = after;
    }

    /**
     * Those of a profile are not used any longer; null if there are none.
     *
     * @param profile its number, which another may get
     */
    synchronized @Nullable ServerPool remove(int profile) {
        ServerPool gone = pool(profile);
        if (gone != null) {
            @Nullable ServerPool[] after = pools.clone();
            after[profile] = null;
            pools = after;
            past = past.plus(gone.totals().counted());
        }
        return gone;
    }

    /** Those of a profile, by its number; null if it is gone, or came after the server was removed. */
    @Nullable
    ServerPool pool(int profile) {
        @Nullable ServerPool[] now = pools;
        return profile < now.length ? now[profile] : null;
    }

    /** Those of all profiles. */
    List<ServerPool> pools() {
        List<ServerPool> all = new ArrayList<>();
        for (ServerPool each : pools) {
            if (each != null) {
                all.add(each);
            }
        }
        return all;
    }

    /** The figures of all profiles; what counts up never goes back. */
    synchronized PoolTotals totals() {
        PoolTotals sum = past;
        for (ServerPool each : pools()) {
            sum = sum.plus(each.totals());
        }
        return sum;
    }

    // ---- requests in flight -----------------------------------------------------------------------------------------

    /** Connections in use or being opened, and requests that wait for one. */
    int inFlight() {
        return inFlight.get() + (limit == null ? 0 : limit.waiting());
    }

    /** A connection is taken or about to be opened. */
    void began() {
        inFlight.incrementAndGet();
    }

    /** So many more exchanges are carried beside the first of their connections; negative: fewer. */
    void carries(int more) {
        inFlight.addAndGet(more);
    }

    /** A connection is released or closed, or could not be opened. */
    void ended() {
        int left = inFlight.decrementAndGet();
        assert left >= 0 : server + " has " + left + " connections in use";
        if (left == 0) {
            unused();
        }
    }

    /** Runs a task each time that its last connection in use is released or closed, and now if none is in use. */
    void whenUnused(Runnable task) {
        whenUnused = task;
        if (inFlight.get() == 0) { // after the write, as ended() reads it after its own
            unused();
        }
    }

    private void unused() {
        Runnable task = whenUnused;
        if (task != null) {
            task.run();
        }
    }

    // ---- latency ----------------------------------------------------------------------------------------------------

    void answered(long nanos) {
        answers.add(nanos, clockNanos.getAsLong());
    }

    void connected(long nanos) {
        connects.add(nanos, clockNanos.getAsLong());
    }

    /** That of its answers, else of its connects; 0 if nothing is known. */
    long latencyNanos() {
        long now = clockNanos.getAsLong();
        long answer = answers.nanos(now);
        return answer == 0 ? connects.nanos(now) : answer;
    }

    @Override
    public String toString() {
        return server.address();
    }
}
