package dev.baton.runtime.upstream;

import dev.baton.runtime.config.ServerAddress;
import dev.baton.runtime.config.ServerConfig;
import dev.baton.runtime.config.Words;
import dev.baton.spi.admin.ServerResult;
import dev.baton.spi.admin.ServerResult.Outcome;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.upstream.ServerState;
import dev.baton.spi.upstream.UpstreamServer;
import java.util.List;
import java.util.Locale;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An operator's changes of the servers of upstreams, and their way into the next process.
 *
 * <p>Changes run one at a time on the worker, not on loops. So that none is lost in an upgrade, the process first says
 * that it hands over, then {@link #handOver} reads the changes; a change that finds this said is refused. Both hold one
 * lock: a change is either read or refused.
 */
@AnyThread
public final class ServerChanges {
    private static final Logger LOG = LoggerFactory.getLogger(ServerChanges.class);

    private final Upstreams upstreams;
    private final Executor worker;
    private final BooleanSupplier stopping;
    private final BooleanSupplier handingOver;
    /** Guards the changes against {@link #handOver}. */
    private final Object changing = new Object();

    /**
     * No changes yet.
     *
     * @param worker may block
     * @param stopping whether the process ends
     * @param handingOver whether another process is being given what there is: what is changed then would be lost
     */
    public ServerChanges(Upstreams upstreams, Executor worker, BooleanSupplier stopping, BooleanSupplier handingOver) {
        this.upstreams = upstreams;
        this.worker = worker;
        this.stopping = stopping;
        this.handingOver = handingOver;
    }

    /** What was done, and to which servers; if any, the answer waits until each loop has ended its callback. */
    private record Done(Outcome outcome, List<LiveServer> servers, String detail) {}

    // ---- by an operator ---------------------------------------------------------------------------------------------

    /** See {@link dev.baton.spi.admin.RuntimeControl#addServer}. */
    public CompletionStage<ServerResult> add(String upstream, String server, int weight) {
        UpstreamGroup group = upstreams.group(upstream);
        check(group, server);
        checkWeight(weight);
        return begin(group, upstream, server, () -> {
            LiveServer there = group.servers().find(server);
            if (there != null) {
                return new Done(
                        Outcome.FAILED, List.of(there), "the upstream has this server already: " + about(there));
            }
            LiveServer added = group.add(server, weight);
            return added == null
                    ? new Done(
                            Outcome.FAILED,
                            List.of(),
                            "the upstream has " + UpstreamGroup.SERVERS_MAX + " servers, which is the limit")
                    : new Done(Outcome.ADDED, List.of(), about(added));
        });
    }

    private static void check(UpstreamGroup group, String server) {
        refuseService(server, "only the configuration can have it; add a server's address instead");
        ServerAddress.check(server)
                .filter(why -> ServerAddress.listener(server).isEmpty())
                .ifPresent(why -> {
                    throw new IllegalArgumentException("server '" + server + "': " + why);
                });
        group.problem(server).filter(why -> group.configured(server) < 0).ifPresent(why -> {
            throw new IllegalArgumentException("server '" + server + "': " + why);
        });
        // What a connection costs, and which clients a listener admits for free, was worked out at the start.
        if (ServerAddress.listener(server).isPresent() && group.configured(server) < 0) {
            throw new IllegalArgumentException(
                    "server '" + server
                            + "': only the configuration can make a listener of this process a server; add its address instead");
        }
    }

    private static void refuseService(String server, String why) {
        if (ServerAddress.service(server).isPresent()) {
            throw new IllegalArgumentException("server '" + server + "': " + why);
        }
    }

    private static void checkWeight(int weight) {
        if (weight < 0 || weight > ServerConfig.WEIGHT_MAX) {
            throw new IllegalArgumentException("weight " + weight + " is outside 0 to " + ServerConfig.WEIGHT_MAX);
        }
    }

    /** See {@link dev.baton.spi.admin.RuntimeControl#changeServer}. */
    public CompletionStage<ServerResult> change(String upstream, String server, ServerState state) {
        UpstreamGroup group = upstreams.group(upstream);
        named(group, upstream, server);
        return begin(group, upstream, server, () -> {
            List<LiveServer> servers = named(group, upstream, server);
            boolean same = servers.stream().allMatch(each -> each.state() == state);
            servers.forEach(each -> group.change(each, state));
            return new Done(
                    same ? Outcome.UNCHANGED : state == ServerState.REMOVED ? Outcome.REMOVED : Outcome.CHANGED,
                    servers,
                    about(state, servers.get(0).weight()));
        });
    }

    /** See {@link dev.baton.spi.admin.RuntimeControl#weighServer}. */
    public CompletionStage<ServerResult> weigh(String upstream, String server, int weight) {
        UpstreamGroup group = upstreams.group(upstream);
        named(group, upstream, server);
        checkWeight(weight);
        return begin(group, upstream, server, () -> {
            List<LiveServer> servers = named(group, upstream, server);
            boolean same = servers.stream().allMatch(each -> each.weight() == weight);
            servers.forEach(each -> group.change(each, weight));
            return new Done(same ? Outcome.UNCHANGED : Outcome.CHANGED, List.of(), about(servers.get(0)));
        });
    }

    /**
     * Those of an address.
     *
     * @throws NoSuchElementException if there is none
     * @throws IllegalArgumentException if it is the name of a service
     */
    private static List<LiveServer> named(UpstreamGroup group, String upstream, String server) {
        refuseService(
                server, "it stands for the servers that this name has; name one of them, as baton upstreams does");
        List<LiveServer> named = group.servers().named(server);
        if (named.isEmpty()) {
            List<String> there = group.servers().listed().stream()
                    .map(UpstreamServer::address)
                    .filter(address -> ServerAddress.service(address).isEmpty())
                    .distinct()
                    .toList();
            throw new NoSuchElementException("upstream '" + upstream + "' has no server '" + server + "'"
                    + Words.suggestion(server, there, "it has none"));
        }
        return named;
    }

    private static String about(LiveServer server) {
        return about(server.state(), server.weight());
    }

    private static String about(ServerState state, int weight) {
        return switch (state) {
            case READY ->
                weight > 0 ? "it gets requests, weight " + weight : "its weight is 0: it gets no new requests";
            case DRAIN -> "it gets no new requests, weight " + weight;
            case MAINTENANCE -> "nothing connects to it, weight " + weight;
            case REMOVED -> "it disappears when its last request ends";
        };
    }

    private CompletionStage<ServerResult> begin(
            UpstreamGroup group, String upstream, String server, Supplier<Done> change) {
        CompletableFuture<ServerResult> result = new CompletableFuture<>();
        try {
            worker.execute(() -> {
                try {
                    Done done = changed(change);
                    if (done.servers.isEmpty() || done.outcome == Outcome.FAILED) {
                        result.complete(new ServerResult(upstream, server, done.outcome, 0, done.detail));
                    } else {
                        group.settled().thenAccept(in -> result.complete(settled(upstream, server, done, in)));
                    }
                } catch (Throwable t) { // else the caller would wait for ever
                    result.completeExceptionally(t);
                }
            });
        } catch (RejectedExecutionException ended) {
            LOG.debug("no server can be changed now", ended);
            result.complete(new ServerResult(upstream, server, Outcome.FAILED, 0, "the process is draining"));
        }
        return result;
    }

    private Done changed(Supplier<Done> change) {
        synchronized (changing) {
            String obstacle = obstacle();
            return obstacle == null ? change.get() : new Done(Outcome.FAILED, List.of(), obstacle);
        }
    }

    private @Nullable String obstacle() {
        if (stopping.getAsBoolean()) {
            return "the process is draining";
        }
        return handingOver.getAsBoolean() ? "an upgrade is handing over the upstreams: try again after it" : null;
    }

    private static ServerResult settled(String upstream, String server, Done done, boolean inTime) {
        int inFlight = done.servers.stream().mapToInt(LiveServer::inFlight).sum();
        String use =
                inFlight == 0 ? "" : "; " + inFlight + (inFlight == 1 ? " request is" : " requests are") + " in flight";
        String late = inTime ? "" : "; a loop is blocked, and may still open a connection that it has begun";
        return new ServerResult(upstream, server, done.outcome, inFlight, done.detail + use + late);
    }

    // ---- from one process to the next -------------------------------------------------------------------------------

    /** What is not as the configuration says; call it after the process says that it hands over. */
    public List<ServerChange> handOver() {
        synchronized (changing) {
            return upstreams.changes();
        }
    }

    /**
     * Makes a change of the process before, before this one serves. What the file says now goes before what an operator
     * did, because an operator wrote it last; except that a removed server stays removed: its machine may be gone for
     * good, and requests to it would fail.
     *
     * <pre>
     * in the process before            in the file now             here
     * drained, in maintenance          yes                         the same
     * weight set at run time           the same weight as before   the weight that was set
     * weight set at run time           another weight              the file's
     * removed at run time              yes                         removed, until it is added
     * added at run time                no                          added, with its weight and state
     * added at run time                yes                         the file's weight, the same state
     * any change of one in its file    no                          not there
     * any change of one that an SRV    has a name like that, and   the same; the weight that was set
     *   name of its file had             that has it
     * </pre>
     *
     * @return what became of it, for a person; null if there is nothing to say
     */
    public @Nullable String carryOver(ServerChange change) {
        String who = "upstream " + change.upstream() + ": server " + change.server();
        UpstreamGroup group = upstreams.find(change.upstream());
        boolean removed = change.state() == ServerState.REMOVED;
        int configured = group == null ? -1 : group.configured(change.server());
        if (group == null
                || (configured < 0 && !change.isAdded() && group.found().isEmpty())) {
            return removed ? null : who + " is no longer in the configuration";
        }
        if (configured < 0 && !change.isAdded()) {
            if (change.weight() > ServerConfig.WEIGHT_MAX) {
                return who + " has a weight that is too great";
            }
            if (group.found().carry(change)) {
                return who + ", changed at run time, stays " + word(change.state()) + " if an SRV name still has it";
            }
            configured = group.configured(change.server());
        }
        if (removed) {
            group.servers().named(change.server()).forEach(each -> group.change(each, ServerState.REMOVED));
            return who + " stays removed: it was removed at run time, although the configuration has it";
        }
        if (configured < 0) {
            try {
                check(group, change.server());
                checkWeight(change.weight());
                if (group.add(change.server(), change.weight()) == null) {
                    return who + ", added at run time, cannot stay: the upstream has too many servers";
                }
            } catch (IllegalArgumentException wrong) {
                return who + ", added at run time, cannot stay: " + wrong.getMessage();
            }
        }
        // A record's weight depends on the other records: only that an operator has set another one counts.
        boolean same = group.found().weight(change.server()) >= 0
                ? change.weight() != change.configured()
                : configured == change.configured();
        boolean weighs = !change.isAdded() && same && change.weight() <= ServerConfig.WEIGHT_MAX;
        int weight = configured < 0 || weighs ? change.weight() : configured;
        for (LiveServer each : group.servers().named(change.server())) {
            if (each.weight() != weight) {
                group.change(each, weight);
            }
            group.change(each, change.state());
        }
        String state = word(change.state()) + ", weight " + weight;
        if (change.isAdded()) {
            return who
                    + (configured < 0
                            ? " continues: it was added at run time, the configuration does not have it; " + state
                            : " was added at run time, and the configuration has it now; " + state);
        }
        return who + " stays as it was set at run time: " + state
                + (weighs || change.weight() == change.configured() ? "" : ", which is the new configuration's");
    }

    private static String word(ServerState state) {
        return state.name().toLowerCase(Locale.ROOT);
    }
}
