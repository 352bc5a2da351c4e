package dev.baton.runtime.upgrade;

import dev.baton.runtime.channel.FdServerChannel;
import dev.baton.runtime.channel.ServerSockets;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.listener.BoundListeners;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.posix.Posix;
import dev.baton.runtime.upstream.ServerChange;
import dev.baton.runtime.upstream.ServerDown;
import dev.baton.spi.admin.UpgradeReport;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.listener.ListenerResult.Outcome;
import dev.baton.spi.listener.ListenerState;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The old process's side of an upgrade: starts the new process, hands the sockets over, and drains once the new one
 * serves. Until then nothing of this process changes. If the new one dies while this one drains, this one serves again.
 *
 * <p>Threading: any thread may begin; the rest is a thread of its own, one at a time.
 */
public final class Upgrade {
    private static final Logger LOG = LoggerFactory.getLogger(Upgrade.class);

    /** A start takes about a second, on a machine that has other things to do a few. */
    static final Duration LIMIT = Duration.ofSeconds(60);

    /** The exit code of a report where there is no process that ended with one. */
    private static final int FAILED = 1;

    private final FdTable table;
    private final Posix posix;
    private final BoundListeners listeners;
    private final ServerSockets servers;
    private final Supplier<IdleSender> idleSenders;
    private final Supplier<List<ServerChange>> changes;
    private final Supplier<List<ServerDown>> downs;
    private final Upgraded process;
    private final AtomicBoolean running = new AtomicBoolean();
    /** From the look at what there is: what is changed from there on the new process does not know. */
    private volatile boolean handing;

    private volatile CompletableFuture<Void> over = CompletableFuture.completedFuture(null);

    /** The process that is upgraded. */
    public interface Upgraded {
        /** How the next one is started. Empty if that is not known. */
        List<String> command();

        /** Why it cannot be upgraded now; null if it can. */
        @Nullable
        String obstacle();

        /** The keys of session tickets of TLS, for the new process: a secret. Empty if there are none. */
        String ticketKeys();

        /** A new process is being started. */
        void begun();

        /** It will be nothing, and is about to be killed; it may have said that it is the service. */
        void stays();

        /** It failed; this process continues. */
        void failed(UpgradeReport report);

        /** The new process serves: this one accepts no more, and drains. */
        void succeededBy(long pid, Successor successor);

        /** True once the drain that began with that is over. */
        boolean isDrained();

        /** True if this process was asked to end since. */
        boolean isToEnd();

        /**
         * The new process is dead: this one serves again, if it can.
         *
         * @return false if it ends all the same
         */
        boolean servesAgain(long pid, KeptSockets kept);
    }

    /**
     * None under way.
     *
     * @param idleSenders makes what gives the idle connections
     * @param changes reads the servers of upstreams that were changed at run time
     * @param downs reads those that are down
     * @param process what this process says and does
     */
    public Upgrade(
            FdTable table,
            Posix posix,
            BoundListeners listeners,
            ServerSockets servers,
            Supplier<IdleSender> idleSenders,
            Supplier<List<ServerChange>> changes,
            Supplier<List<ServerDown>> downs,
            Upgraded process) {
        this.table = table;
        this.posix = posix;
        this.listeners = listeners;
        this.servers = servers;
        this.idleSenders = idleSenders;
        this.changes = changes;
        this.downs = downs;
        this.process = process;
    }

    /** See {@link dev.baton.spi.admin.RuntimeControl#upgrade}. */
    public CompletionStage<UpgradeReport> begin(@Nullable Duration limit) {
        if (!running.compareAndSet(false, true)) {
            return CompletableFuture.completedStage(refused("an upgrade is under way already"));
        }
        String obstacle = process.command().isEmpty()
                ? "this process was not started by bin/baton, so it cannot start a new process"
                : process.obstacle();
        if (obstacle == null) {
            obstacle = listeners.obstacle();
        }
        if (obstacle != null) {
            running.set(false);
            return CompletableFuture.completedStage(refused(obstacle));
        }
        over = new CompletableFuture<>();
        CompletableFuture<UpgradeReport> done = new CompletableFuture<>();
        Thread thread = new Thread(() -> run(limit == null ? LIMIT : limit, done), "baton-upgrade");
        thread.setDaemon(true);
        thread.start();
        return done;
    }

    private static UpgradeReport refused(String why) {
        return new UpgradeReport(false, 0, FAILED, why);
    }

    private void run(Duration limit, CompletableFuture<UpgradeReport> done) {
        process.begun();
        Successor successor = null;
        UpgradeReport report;
        Giver giver = null;
        boolean handedOver = false;
        boolean servesAgain = false;
        Map<SharedListener, Boolean> wasSuspended = Map.of();
        KeptSockets kept = new KeptSockets(table, posix);
        try (HandoffAddress address = HandoffAddress.open(table, posix)) {
            Successor started = Successor.start(process.command(), address.path());
            successor = started;
            giver = Giver.accept(
                    address, table, posix, pid -> Peer.descends(pid, started.pid()), started::isAlive, limit);
            Map<SharedListener, Boolean> suspended = new LinkedHashMap<>();
            List<String> notes = hand(giver, kept, suspended);
            handedOver = true;
            wasSuspended = suspended;
            report = new UpgradeReport(
                    true,
                    giver.pid(),
                    0,
                    "process " + giver.pid() + " serves, process "
                            + ProcessHandle.current().pid() + " drains"
                            + notes.stream().map(note -> "\n" + printable(note)).collect(Collectors.joining()));
        } catch (Throwable t) { // whatever it is, this process continues
            LOG.debug("upgrade", t);
            report = failure(successor, giver, t);
        }
        try {
            if (handedOver && giver != null && successor != null) {
                LOG.info("upgraded: {}", report.detail());
                ParcelSender parcels = giver.takesParcels() ? new ParcelSender(giver, table) : null;
                try {
                    servesAgain = letGo(giver, successor, kept, wasSuspended, parcels, done, report)
                            && !kept.isEmpty()
                            && process.servesAgain(giver.pid(), kept);
                } finally {
                    end(parcels, servesAgain);
                }
            } else {
                process.failed(report);
            }
        } finally {
            kept.close();
            if (giver != null) {
                giver.close();
            }
            if (!handedOver) {
                listeners.takeBack();
            }
            if (!handedOver || servesAgain) {
                handing = false;
                running.set(false); // after the new process has it, there is nothing to upgrade here
            }
            done.complete(report);
            over.complete(null);
        }
    }

    /**
     * The new process has all connections that it gets. If it is dead, they go to the listeners that are taken back.
     */
    private void end(@Nullable ParcelSender parcels, boolean servesAgain) {
        if (parcels == null) {
            return;
        }
        LOG.info("{}", parcels.summary());
        if (servesAgain) {
            parcels.goOnAt(parcel -> {
                SharedListener listener = listeners.find(parcel.listener());
                if (listener == null || listener.admits(parcel) != null) {
                    return false;
                }
                listener.unpack(parcel, () -> {});
                return true;
            });
        } else {
            parcels.close();
        }
    }

    /** Completes when no upgrade is under way; is complete if none was. */
    public CompletionStage<Void> over() {
        return over;
    }

    /** One was begun and has not ended. */
    public boolean isUnderWay() {
        return running.get();
    }

    /** True while what an operator changes would be lost, because the new process has been told all there is. */
    public boolean isHandingOver() {
        return handing;
    }

    /** What another process says becomes lines of this one's. */
    private static String printable(String text) {
        return text.replaceAll("\\p{Cntrl}", "?");
    }

    /**
     * Up to here everything can be taken back.
     *
     * @param kept is given the copies of the sockets
     * @param suspended is given each listener that was handed over, and whether it was suspended then
     * @return what became of what was changed here at run time
     */
    private List<String> hand(Giver giver, KeptSockets kept, Map<SharedListener, Boolean> suspended)
            throws IOException {
        handing = true;
        List<ServerChange> changed = changes.get(); // after the line before: what is changed from here on is refused
        List<String> lost = List.of();
        if (giver.takesChanges()) {
            giver.sendChanges(changed);
        } else if (!changed.isEmpty()) {
            String note = changed.size() + " servers of upstreams were changed at run time, and the new process's"
                    + " version cannot take that over: it uses them as its configuration says";
            LOG.warn("{}", note);
            lost = List.of(note);
        }
        giver.sendDowns(downs.get());
        giver.sendSockets(listeners(kept, suspended), servers(kept), listeners.unbound(), process.ticketKeys());
        kept.sent();
        List<String> notes = new ArrayList<>(giver.awaitReady());
        notes.addAll(lost);
        if (!giver.tellsDrops()) {
            kept.close();
        }
        giver.go();
        giver.awaitServing();
        return notes;
    }

    private List<HandedListener> listeners(KeptSockets kept, Map<SharedListener, Boolean> suspended)
            throws IOException {
        List<HandedListener> handed = new ArrayList<>();
        for (SharedListener listener : listeners.all()) {
            if (!listeners.hand(listener)
                    || listener.state() == ListenerState.NEW
                    || listener.state() == ListenerState.STOPPED) {
                continue;
            }
            List<Integer> numbers = kept.copy(listener);
            if (!numbers.isEmpty()) {
                boolean isSuspended = listener.isSuspended();
                suspended.put(listener, isSuspended);
                handed.add(new HandedListener(
                        listener.name(),
                        listener.spec().bind(),
                        listener.address(),
                        isSuspended,
                        listeners.textOf(listener),
                        numbers.stream().mapToInt(Integer::intValue).toArray()));
            }
        }
        return handed;
    }

    private List<HandedServer> servers(KeptSockets kept) throws IOException {
        List<HandedServer> handed = new ArrayList<>();
        for (FdServerChannel channel : servers.open()) {
            SocketAddress address = channel.localAddress();
            Fd fd = channel.fd();
            if (address != null && fd != null) {
                kept.copy(fd).forEach(number -> handed.add(new HandedServer(address, number)));
            }
        }
        return handed;
    }

    /**
     * The new process serves: this one lets go, and drains.
     *
     * @return true if the new process has died before the drain was over
     */
    private boolean letGo(
            Giver giver,
            Successor successor,
            KeptSockets kept,
            Map<SharedListener, Boolean> wasSuspended,
            @Nullable ParcelSender parcels,
            CompletableFuture<UpgradeReport> done,
            UpgradeReport report) {
        List<String> suspendedSince = new ArrayList<>();
        List<String> resumedSince = new ArrayList<>();
        for (SharedListener listener : wasSuspended.keySet()) {
            listeners.given(listener, listener.isSuspended());
            listener.handedOver();
            // Those that others of this process connect to are unbound later; from now on the new process accepts there
            // too.
            if (parcels != null) {
                listener.carriedBy(parcels);
            }
            Outcome outcome = listener.suspend().toCompletableFuture().join().outcome();
            if (outcome == Outcome.UNCHANGED) {
                kept.suspended(listener);
            }
            listeners.given(listener, outcome == Outcome.UNCHANGED);
            boolean was = Boolean.TRUE.equals(wasSuspended.get(listener));
            if (!was && outcome == Outcome.UNCHANGED) {
                suspendedSince.add(listener.name());
            } else if (was && outcome == Outcome.PAUSED) {
                resumedSince.add(listener.name());
            }
        }
        servers.handedOver(giver.tellsDrops());
        try (IdleSender idle = idleSenders.get()) {
            idle.awaitLoops();
            process.succeededBy(giver.pid(), successor);
            try {
                giver.released(suspendedSince, resumedSince);
            } catch (IOException e) {
                LOG.info("cannot tell process {} that this one no longer accepts: {}", giver.pid(), e.getMessage());
            }
            done.complete(report);
            return new DrainWatch(giver, kept, servers, idle, parcels)
                    .successorDies(process::isDrained, process::isToEnd);
        }
    }

    private UpgradeReport failure(@Nullable Successor successor, @Nullable Giver giver, Throwable cause) {
        String why = cause instanceof IOException ? String.valueOf(cause.getMessage()) : cause.toString();
        if (successor == null) {
            return new UpgradeReport(false, 0, FAILED, "cannot start a new process: " + why);
        }
        if (giver != null) {
            giver.refuse(why);
        }
        boolean hung = successor.isAlive() && successor.exitCodeWithin(Successor.LAST_WORDS) < 0;
        process.stays();
        successor.kill();
        int code = successor.exitCode();
        String errors = successor.errors();
        String detail = errors.isEmpty() ? why + (hung ? "" : " (exit code " + code + ")") : errors;
        if (hung && !errors.isEmpty()) {
            detail = why + "; its errors:\n" + errors;
        }
        return new UpgradeReport(false, successor.pid(), hung || code <= 0 ? FAILED : code, detail);
    }
}
