package dev.baton.runtime.upstream;

import dev.baton.runtime.config.EjectConfig;
import dev.baton.runtime.upstream.Backoff.Cause;
import dev.baton.spi.upstream.BalancedServer;
import dev.baton.spi.upstream.Balancer;
import dev.baton.spi.upstream.RequestFacts;
import dev.baton.spi.upstream.ServerChoice;
import dev.baton.spi.upstream.ServerFailure;
import dev.baton.spi.upstream.ServerState;
import dev.baton.spi.upstream.UpstreamServer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The servers of one upstream, and the choice among those that may be asked now.
 *
 * <p>A request reads one immutable {@link Selection}, which has only servers that may be asked; whatever changes that
 * makes a new one. Two changes at once must both be in it, without a lock:
 *
 * <ol>
 *   <li>a thread that changes something of a server, or the {@link Roster}, writes that first, then counts the change,
 *       then rebuilds;
 *   <li>a rebuild reads the count first, then the roster and the servers, and publishes by compare-and-set on the
 *       selection that it found, unless that one was made for this count or a later one;
 *   <li>it begins again until the published selection was made for its count or a later one.
 * </ol>
 *
 * <p>So of A, which reads the servers before B has changed one, and publishes after B has: A's compare-and-set fails,
 * because B has replaced the selection that A found, and A reads again. If A publishes first, B sees a lower count than
 * its own. {@code LiveServersTest.shouldKeepBothOfTwoChangesThatOverlap} plays this.
 *
 * <p>What an operator does to one server, and where requests may go then:
 *
 * <pre>
 *   state        ready   drain   maintenance   remove    chosen   connects, waits   idle connections
 *   READY        -       DRAIN   MAINTENANCE   REMOVED   yes (1)  yes               kept
 *   DRAIN        READY   -       MAINTENANCE   REMOVED   no (3)   yes (2)           closed, none kept
 *   MAINTENANCE  READY   DRAIN   -             REMOVED   no       refused, ended    closed, none kept
 *   REMOVED      refused refused refused       -         no       yes (2)           closed, none kept
 * </pre>
 *
 * <p>(1) with a weight above 0. (2) A request chooses first and connects afterwards, so it may have chosen the server
 * just before the change; one that waits for a place has chosen it too. They are served, on connections that are closed
 * after their use. So a drain fails no request. Maintenance refuses both with a {@link ServerClosedException}, and
 * services ask another server; it refuses those of a removed server with the same address too. (3) Except for requests
 * of sessions that it has; see {@link StickyCookie}.
 *
 * <p>Servers of an SRV name have ranks, by its priorities; all others have rank 0. Requests go to the lowest rank of
 * which any server can be used: it is not down, not left out, and open. All ranks are checked, and those of a lower
 * rank that are left out are still tried when their time is over, so a rank is back as soon as one of its servers is.
 *
 * <p>Order of a change, against a request that chooses, connects and releases at the same time: first the state, then
 * the selection, then the idle pools ({@link EndpointPools#follow}). A request that has seen the old selection still
 * finds the server by its index. A connection that is released is kept only in a pool that is open; see
 * {@link EndpointPools}. A removed server is forgotten after every loop has ended the turn that it was in, and its last
 * connection its use.
 *
 * <p>Threading: any thread.
 */
final class LiveServers {
    private static final Logger LOG = LoggerFactory.getLogger(LiveServers.class);
    private static final LiveServer[] NO_SERVERS = {};

    private final String upstream;
    private final int sharePercent;
    private volatile Balancer balancer;
    private final LongSupplier clockNanos;
    private final @Nullable StickyCookie sticky;
    private final AtomicReference<Roster> roster;
    private final AtomicLong changes = new AtomicLong();
    private final AtomicReference<Selection> selection =
            new AtomicReference<>(new Selection(-1, NO_SERVERS, request -> 0, false, NO_SERVERS, NO_SERVERS, Map.of()));

    /**
     * The servers that may be asked.
     *
     * @param change the count of changes that it was made for
     * @param servers the places that {@code choice} chooses from
     * @param usable true if none of them is left out
     * @param leftOut those that get no requests, because they have failed
     * @param due those of them that one request may try when their time is over: of no greater rank than the servers
     * @param sessions those that keep the sessions they have, by the value of the cookie; empty if there are no
     *     sessions
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared, and read by every request
    private record Selection(
            long change,
            LiveServer[] servers,
            ServerChoice choice,
            boolean usable,
            LiveServer[] leftOut,
            LiveServer[] due,
            Map<String, LiveServer> sessions) {

        boolean isAllDown() {
            return !usable && leftOut.length == 0 && servers.length > 0;
        }

        boolean uses(LiveServer server) {
            return usable && contains(servers, server);
        }

        boolean leavesOut(LiveServer server) {
            return contains(leftOut, server);
        }

        private static boolean contains(LiveServer[] servers, LiveServer server) {
            for (LiveServer each : servers) {
                if (each.equals(server)) {
                    return true;
                }
            }
            return false;
        }
    }

    /** A server with the weight that it has in one selection. */
    private record Candidate(LiveServer live, int weight) implements BalancedServer {
        @Override
        public UpstreamServer server() {
            return live.server();
        }

        @Override
        public int inFlight() {
            return live.inFlight();
        }

        @Override
        public long latencyNanos() {
            return live.latencyNanos();
        }
    }

    /** With the default share. */
    LiveServers(String upstream, List<LiveServer> all, Balancer balancer, LongSupplier clockNanos) {
        this(upstream, all, EjectConfig.DEFAULT.share().hundredths(), balancer, clockNanos, null);
    }

    /**
     * Makes the first selection.
     *
     * @param sharePercent how large a share of them may be left out
     * @param sticky keeps sessions with their servers; null if nothing does
     */
    LiveServers(
            String upstream,
            List<LiveServer> all,
            int sharePercent,
            Balancer balancer,
            LongSupplier clockNanos,
            @Nullable StickyCookie sticky) {
        this.sticky = sticky;
        this.upstream = upstream;
        this.sharePercent = sharePercent;
        this.roster = new AtomicReference<>(Roster.of(all));
        this.balancer = balancer;
        this.clockNanos = clockNanos;
        changed();
    }

    /** Has another balancer choose, from the next choice on. */
    void balance(Balancer next) {
        balancer = next;
        changed();
    }

    private Roster roster() {
        return Objects.requireNonNull(roster.get());
    }

    /** In their order, also those that were removed and have connections in use. */
    List<LiveServer> known() {
        return roster().known();
    }

    /** Those that were not removed, in their order. */
    List<UpstreamServer> listed() {
        return roster().servers();
    }

    /** Null if there is no such server, or it was removed and forgotten. Cost: O(1), O(log n) after a removal. */
    @Nullable
    LiveServer find(UpstreamServer server) {
        return roster().find(server.index());
    }

    /** Those of an address that were not removed: a configuration may have it more than once. */
    List<LiveServer> named(String address) {
        return List.of(roster().listed(server -> server.server().address().equals(address)));
    }

    /** The first of an address that was not removed; null if there is none. */
    @Nullable
    LiveServer find(String address) {
        List<LiveServer> named = named(address);
        return named.isEmpty() ? null : named.get(0);
    }

    // ---- the choice -------------------------------------------------------------------------------------------------

    private Selection seen() {
        return Objects.requireNonNull(selection.get());
    }

    /** The server for a request; one that is left out, if its time is over and no other request tries it. */
    UpstreamServer next(RequestFacts request) {
        Selection now = seen();
        LiveServer session = now.sessions.isEmpty() ? null : sessionOf(request, now);
        if (session != null) {
            return session.server();
        }
        if (now.due.length > 0) {
            long nanos = clockNanos.getAsLong();
            for (LiveServer each : now.due) {
                if (each.backoff().admits(nanos, request.isSafe())) {
                    return each.server();
                }
            }
        }
        return switch (now.servers.length) {
            case 0 -> UpstreamServer.NONE;
            case 1 -> now.servers[0].server();
            default -> now.servers[now.choice.choose(request)].server();
        };
    }

    /** The server of the session that a request belongs to; null if there is none, or it may not be asked now. */
    private @Nullable LiveServer sessionOf(RequestFacts request, Selection now) {
        String value = sticky == null ? null : sticky.valueIn(request);
        LiveServer server = value == null ? null : now.sessions.get(value);
        if (server == null || server.isDown()) {
            return null;
        }
        return now.uses(server) || server.backoff().admits(clockNanos.getAsLong(), request.isSafe()) ? server : null;
    }

    /** See {@link dev.baton.spi.upstream.Upstream#sessionCookie}. */
    @Nullable
    String sessionCookie(UpstreamServer server, RequestFacts request) {
        return sticky == null ? null : sticky.fieldFor(server, request);
    }

    /** No server has this address any more. */
    void forgetSessions(String address) {
        if (sticky != null) {
            sticky.forget(address);
        }
    }

    /**
     * The next server in order that is in use; if there is none, one that is left out whose time is over, else the one
     * that failed longest ago; if there is none of these, one that is down.
     */
    UpstreamServer nextAfter(UpstreamServer failed) {
        Roster now = roster();
        Selection seen = seen();
        int from = now.placeAfter(failed.index());
        long nanos = clockNanos.getAsLong();
        LiveServer oldest = null;
        LiveServer itself = null;
        LiveServer down = null;
        for (int i = 0; i < now.size(); i++) {
            LiveServer each = now.at((from + i) % now.size());
            if (each.index() == failed.index()) {
                itself = isOpen(each) ? each : null;
            } else if (seen.uses(each)) {
                return each.server();
            }
        }
        for (int i = 0; i < now.size(); i++) {
            LiveServer each = now.at((from + i) % now.size());
            if (!isOpen(each) || each.equals(itself)) {
                continue;
            }
            if (each.isDown()) {
                down = down == null ? each : down;
            } else if (each.backoff().admits(nanos)) {
                return each.server();
            } else if (oldest == null || each.backoff().compareLastFailure(oldest.backoff()) < 0) {
                oldest = each;
            }
        }
        LiveServer other = oldest == null ? down : oldest;
        LiveServer last = other == null ? itself : other;
        return last == null ? UpstreamServer.NONE : last.server();
    }

    /** Whether the operator lets requests go there, and its name still has it. */
    private static boolean isOpen(LiveServer server) {
        return server.state() == ServerState.READY
                && server.weight() > 0
                && !server.place().missing();
    }

    /** Whether there is no other: it is never left out then. */
    private boolean isOnly() {
        Roster now = roster();
        return now.size() == 1 || now.listed(each -> !each.place().missing()).length < 2;
    }

    // ---- what changes it --------------------------------------------------------------------------------------------

    /** Adds a server, whose index no other has had. One call at a time; {@link #changed} must follow. */
    void add(LiveServer added) {
        roster.updateAndGet(before -> before.with(added));
    }

    /**
     * Takes a server out of the list. Its connections in use still find it until it is forgotten. One call at a time.
     */
    void remove(LiveServer removed) {
        roster.updateAndGet(before -> before.withoutListed(removed));
        changed();
    }

    /** Forgets a removed server, of which nothing is in use: it cannot be found from here on. */
    void forget(LiveServer removed) {
        roster.updateAndGet(before -> before.without(removed));
    }

    /** Something about a server has changed: a new selection is in use when this returns. */
    void changed() {
        changes.incrementAndGet();
        while (true) {
            Selection before = seen();
            long change = changes.get();
            if (before.change >= change) {
                return;
            }
            Selection after = select(change);
            if (selection.compareAndSet(before, after) && after.isAllDown() && !before.isAllDown()) {
                LOG.warn("upstream {}: all servers are down; requests go to them all the same", upstream);
            }
        }
    }

    private Selection select(long change) {
        Division division = Division.of(roster().listed(LiveServers::isOpen), sharePercent);
        boolean usable = division.usable().length > 0;
        // If there is none, a try that will probably fail is better than an error that is certain.
        LiveServer[] others = division.leftOut().length > 0 ? division.leftOut() : division.down();
        LiveServer[] servers = usable ? division.usable() : others;
        ServerChoice choice = servers.length < 2 ? request -> 0 : choice(servers);
        return new Selection(change, servers, choice, usable, division.leftOut(), due(division), sessions());
    }

    private static LiveServer[] due(Division division) {
        LiveServer[] leftOut = division.leftOut();
        if (division.usable().length == 0) {
            return leftOut;
        }
        int rank = division.usable()[0].place().rank();
        return Arrays.stream(leftOut)
                .filter(each -> each.place().rank() <= rank)
                .toArray(LiveServer[]::new);
    }

    private Map<String, LiveServer> sessions() {
        Map<String, LiveServer> sessions = new HashMap<>();
        if (sticky != null) {
            for (LiveServer each : roster().listed(LiveServer::keepsSessions)) {
                sessions.put(sticky.valueOf(each.server()), each);
            }
        }
        return sessions;
    }

    private ServerChoice choice(LiveServer[] servers) {
        List<BalancedServer> candidates = new ArrayList<>();
        for (LiveServer each : servers) {
            candidates.add(new Candidate(
                    each, Math.max(1, each.weight() * 256 * each.slowStart().steps() / SlowStart.STEPS)));
        }
        return balancer.over(List.copyOf(candidates));
    }

    /** A connect has succeeded. */
    void connected(LiveServer server) {
        if (server.backoff().connected()) {
            changed();
            LOG.info("upstream {}: server {} can be connected to again", upstream, server);
        }
    }

    /**
     * A connect has failed.
     *
     * @param startedNanos when it began
     */
    void failed(LiveServer server, long startedNanos, Throwable cause) {
        if (!Backoff.isTheServers(cause) || isOnly()) {
            return;
        }
        if (server.backoff().failed(startedNanos, clockNanos.getAsLong())) {
            changed();
            server.leftOut().increment();
            leftOut(server, cause.getMessage());
        }
    }

    private void leftOut(LiveServer server, @Nullable String why) {
        long first = TimeUnit.NANOSECONDS.toMillis(server.backoff().delayNanos());
        LOG.warn(
                "upstream {}: server {} is left out; it is tried again after {} ms, then less often, at least every {} s: {}",
                upstream,
                server,
                first,
                Math.max(first / 1000, TimeUnit.NANOSECONDS.toSeconds(Backoff.LONGEST_DELAY_NANOS)),
                why);
    }

    /**
     * A request was answered, and not with an error.
     *
     * @param nanos from the request until the answer
     */
    void answered(LiveServer server, long nanos) {
        server.answered(nanos);
        if (server.backoff().isClean()) {
            return;
        }
        if (server.backoff().answered(clockNanos.getAsLong() - nanos)) {
            changed();
            LOG.info("upstream {}: server {} answers again", upstream, server);
        }
    }

    /**
     * A request that was sent has no good answer.
     *
     * @param nanos from the request until this was clear
     */
    void failed(LiveServer server, ServerFailure failure, long nanos) {
        if (isOnly()) {
            return;
        }
        long now = clockNanos.getAsLong();
        boolean error = failure == ServerFailure.ERROR;
        if (!(error
                ? server.backoff().error(now - nanos, now)
                : server.backoff().unanswered(now - nanos, now))) {
            return;
        }
        changed();
        String why = "several requests in a row " + (error ? "had an error answer" : "had no answer")
                + switch (failure) {
                    case CLOSED -> "; the last connection was closed";
                    case TIMEOUT -> "; the last was not answered in time";
                    case ERROR -> "";
                };
        if (seen().leavesOut(server)) {
            server.ejections().of(error ? Cause.ERRORS : Cause.NO_ANSWER).increment();
            leftOut(server, why);
        } else {
            LOG.warn(
                    "upstream {}: server {} fails, but stays in use, as no more than {} % of the servers may be left out: {}",
                    upstream, server, sharePercent, why);
        }
    }
}
