package dev.baton.runtime.upstream;

import dev.baton.runtime.health.Health;
import dev.baton.runtime.health.HealthStatus;
import dev.baton.runtime.upstream.LiveServer.Place;
import dev.baton.runtime.upstream.LookedUpName.Answers;
import dev.baton.runtime.upstream.LookedUpName.Held;
import dev.baton.spi.upstream.ServerState;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The servers that the SRV names of one upstream have (RFC 2782). Each is a server of the upstream like any other, with
 * its checks, failures, sessions and limit, known by {@code target:port}: as long as its name has that, it is the same
 * server, in whatever order, and with whatever weight and priority, the answers have it.
 *
 * <pre>
 *   in the answers                       here
 *   a server that was not there          added; if the list has that address already, that one is it
 *   another weight                       that weight, unless an operator has set one
 *   another priority                     another rank
 *   missing                              no new requests
 *   missing for LookedUpName.HELD        removed, like a server that an operator removes
 *   no server at all                     a stand-in, to which every connect fails, and says why
 * </pre>
 *
 * <p>What an operator does to one of them lasts as long as the name has it; that includes its removal. What an operator
 * did in the process before is kept until the server is found here.
 *
 * <p>Threading: any thread but a loop's; lookups are followed one at a time.
 */
final class FoundServers {
    private static final Logger LOG = LoggerFactory.getLogger(FoundServers.class);

    private final UpstreamGroup group;
    private final HostNames hosts;
    /** Those that stand for them, as long as none is known. */
    private final List<LiveServer> standIns;
    /** By address. Changed under this object's lock. */
    private final Map<String, Target> present = new ConcurrentHashMap<>();
    /** By address; from the process before. Guarded by this. */
    private final Map<String, ServerChange> carried = new HashMap<>();
    /** The same for what checks have found. Guarded by this. */
    private final Map<String, HealthStatus> down = new HashMap<>();
    /** No server was found yet. Guarded by this. */
    private boolean first = true;
    /** The log says that there are too many. Guarded by this. */
    private boolean tooMany;

    /** What the answers say of one. */
    private record Target(Place place, int weight) {}

    /** Of those that stand for services; finds none yet. */
    FoundServers(UpstreamGroup group, HostNames hosts, List<LiveServer> standIns) {
        this.group = group;
        this.hosts = hosts;
        this.standIns = standIns;
    }

    /** Follows the answers from now on. */
    void start() {
        for (ServiceName name : names()) {
            name.watch(this::follow);
        }
        follow();
    }

    private List<ServiceName> names() {
        List<ServiceName> names = new ArrayList<>();
        for (LiveServer each : standIns) {
            ServiceName name = each.locator().service();
            if (name != null) {
                names.add(name);
            }
        }
        return names;
    }

    boolean isEmpty() {
        return standIns.isEmpty();
    }

    /** The weight that its record gives to a server; negative if no name has it. Takes no lock. */
    int weight(String address) {
        Target target = present.get(address);
        return target == null ? -1 : target.weight;
    }

    /** The place that its record gives to a server. Takes no lock. */
    Place place(String address) {
        Target target = present.get(address);
        return target == null ? Place.FIRST : target.place;
    }

    /** Keeps what an operator did in the process before; false if the server has been found already. */
    synchronized boolean carry(ServerChange change) {
        if (present.containsKey(change.server())) {
            return false;
        }
        carried.put(change.server(), change);
        return true;
    }

    /** Keeps that a server is down, unless it has been found already: then {@link LiveServer} is told. */
    synchronized void assumeDown(String address, long sinceNanos, String failure) {
        if (!standIns.isEmpty() && first) {
            down.put(address, new HealthStatus(Health.DOWN, sinceNanos, failure));
        }
    }

    /** What an operator has removed, and what was kept for servers that were not found yet. */
    synchronized void changes(List<ServerChange> changes) {
        present.forEach((address, target) -> {
            if (group.servers().find(address) == null) {
                changes.add(new ServerChange(group.name(), address, ServerState.REMOVED, target.weight, target.weight));
            }
        });
        changes.addAll(carried.values());
    }

    // ---- following the answers --------------------------------------------------------------------------------------

    private synchronized void follow() {
        Map<String, Target> wanted = wanted();
        for (String address : List.copyOf(present.keySet())) {
            if (!wanted.containsKey(address)) {
                present.remove(address);
                group.found(address).forEach(each -> group.change(each, ServerState.REMOVED));
            }
        }
        boolean full = false;
        for (Map.Entry<String, Target> each : wanted.entrySet()) {
            full |= !follow(each.getKey(), each.getValue());
        }
        if (full && !tooMany) {
            LOG.warn(
                    "upstream {}: its names have more servers than the limit of {}; the others are not used",
                    group.name(),
                    UpstreamGroup.SERVERS_MAX);
        }
        tooMany = full;
        for (LiveServer each : standIns) {
            ServiceName name = each.locator().service();
            boolean known = name != null && !name.answers().current().isEmpty();
            each.place(new Place(Integer.MAX_VALUE, known));
        }
        group.servers().changed();
        if (first && !present.isEmpty()) {
            first = false;
            // What an operator did to a server that is not there is nothing for a server that may come one day.
            hosts.timer().after(LookedUpName.HELD, this::forgetCarried);
        }
    }

    private synchronized void forgetCarried() {
        carried.clear();
        down.clear();
    }

    /** False if there is no room for it. */
    private boolean follow(String address, Target now) {
        Target before = present.put(address, now);
        if (now.equals(before)) {
            return true;
        }
        if (before != null || group.servers().find(address) != null) {
            group.record(address, now.place, now.weight);
            return true;
        }
        ServerChange change = carried.remove(address);
        if (change != null && change.state() == ServerState.REMOVED) {
            return true;
        }
        HealthStatus health = down.remove(address);
        boolean added = group.add(address, now.weight, !first, live -> {
                    if (health != null) {
                        live.assumeDown(health.sinceNanos(), health.lastFailure());
                    }
                    if (change != null) {
                        if (change.weight() != change.configured()) {
                            live.weight(change.weight());
                        }
                        live.state(change.state());
                    }
                })
                != null;
        if (!added) {
            present.remove(address);
        }
        return added;
    }

    /** What there is to be, by address: in the order of the configuration, of the priorities, and of the answers. */
    private Map<String, Target> wanted() {
        Map<String, Target> wanted = new LinkedHashMap<>();
        List<Held<SrvRecord>> held = new ArrayList<>();
        for (ServiceName name : names()) {
            Answers<SrvRecord> now = name.answers();
            held.addAll(now.held());
            int rank = 0;
            for (List<SrvRecord> equals : SrvWeights.byPriority(now.current())) {
                SrvWeights weights = SrvWeights.of(equals);
                Place place = new Place(rank++, false);
                for (SrvRecord each : equals) {
                    wanted.putIfAbsent(each.address(), new Target(place, weights.weight(each)));
                }
            }
        }
        for (Held<SrvRecord> each : held) {
            String address = each.what().address();
            Target before = present.get(address);
            if (before != null) {
                wanted.putIfAbsent(address, new Target(new Place(before.place.rank(), true), before.weight));
            }
        }
        return wanted;
    }
}
