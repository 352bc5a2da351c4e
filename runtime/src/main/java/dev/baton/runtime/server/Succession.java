package dev.baton.runtime.server;

import dev.baton.runtime.listener.BoundListeners;
import dev.baton.runtime.listener.ChangedListener;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.server.StartException.Kind;
import dev.baton.runtime.systemd.FdStore;
import dev.baton.runtime.systemd.Notifier;
import dev.baton.runtime.takeover.LoopChanges;
import dev.baton.runtime.upgrade.HandedListener;
import dev.baton.runtime.upgrade.InitProcess;
import dev.baton.runtime.upgrade.KeptSockets;
import dev.baton.runtime.upgrade.Predecessor;
import dev.baton.runtime.upgrade.Successor;
import dev.baton.runtime.upgrade.Upgrade;
import dev.baton.runtime.upgrade.UpgradeSteps;
import dev.baton.runtime.upstream.Upstreams;
import dev.baton.spi.admin.UpgradeReport;
import dev.baton.spi.admin.UpgradeStep;
import dev.baton.spi.admin.UpgradeStep.What;
import dev.baton.spi.posix.PosixException;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This process between the one before it, whose sockets it takes, and the one after it, which takes its own.
 *
 * <p>Threading: what a start does is for the thread that starts the server; the rest is for any thread.
 */
final class Succession implements Upgrade.Upgraded {
    private static final Logger LOG = LoggerFactory.getLogger(Succession.class);

    private final Foundation foundation;
    private final Lifetime lifetime;
    private final Notifier notifier;
    private final FdStore store;
    private final BoundListeners listeners;
    private final ListenerMaker maker;
    private final LoopChanges loopChanges;
    private final UpgradeSteps steps;
    private final boolean isSuccessor;
    /** The pid of the process before; 0 if that is not known, or there was none. */
    private final long giver;

    private Predecessor before;
    private volatile List<String> command = List.of();
    private volatile @Nullable InitProcess init;
    /** It has been ready: only the process before, if there is one, had to do with it until then. */
    private volatile boolean served;

    Succession(
            Foundation foundation,
            Lifetime lifetime,
            Notifier notifier,
            FdStore store,
            BoundListeners listeners,
            ListenerMaker maker,
            LoopChanges loopChanges) {
        this.foundation = foundation;
        this.steps = foundation.upgradeSteps;
        this.isSuccessor = Predecessor.isNamed(foundation.environment);
        this.giver = isSuccessor ? Predecessor.giver(foundation.environment) : 0;
        this.lifetime = lifetime;
        this.notifier = notifier;
        this.store = store;
        this.listeners = listeners;
        this.maker = maker;
        this.loopChanges = loopChanges;
        this.before = Predecessor.none(foundation.channels, foundation.loops);
        if (isSuccessor) {
            notifier.follow();
            store.afterAnother();
        }
    }

    // ---- the process before ---------------------------------------------------------------------------------------

    /**
     * Takes the sockets of the process before, if there was one.
     *
     * @throws StartException if it does not give them
     */
    void takeOver(Map<String, String> environment) throws StartException {
        try {
            before = isSuccessor
                    ? Predecessor.of(environment, foundation.channels, foundation.loops)
                    : ofKept(environment);
            before.handed().forEach(this::isStored);
            foundation.tls.resume(before.ticketKeys());
            tookSockets();
        } catch (IOException e) {
            throw cannotTakeOver(e);
        }
        claimIfAlone();
    }

    private void tookSockets() {
        if (isSuccessor) {
            ProcessHandle self = ProcessHandle.current();
            self.info()
                    .startInstant()
                    .ifPresent(started -> steps.add(
                            new UpgradeStep(started.toEpochMilli(), self.pid(), What.STARTED, "by process " + giver)));
            steps.took(What.TOOK_SOCKETS, before.handed().size() + " listeners");
        }
    }

    /** The process that has died, if it has left sockets; else none. */
    private Predecessor ofKept(Map<String, String> environment) {
        long pid = ProcessHandle.current().pid();
        List<FdStore.Kept> kept = FdStore.kept(environment, pid);
        Map<String, ChangedListener> changes = new HashMap<>();
        store.keptChanges(environment, pid).forEach(each -> changes.put(each.name(), each));
        List<HandedListener> listeners = new ArrayList<>();
        for (FdStore.Kept each : kept) {
            ChangedListener change =
                    changes.getOrDefault(each.listener(), new ChangedListener(each.listener(), "", false, ""));
            listeners.add(new HandedListener(
                    each.listener(), "", address(each.number()), change.suspended(), change.text(), each.number()));
        }
        List<ChangedListener> suspended = new ArrayList<>();
        changes.forEach((name, change) -> {
            if (change.suspended()) {
                suspended.add(change);
            }
            if (!change.text().isEmpty()
                    && kept.stream().noneMatch(each -> each.listener().equals(name))) {
                LOG.warn("listener {} is lost: it was added at run time, and its socket was not kept", name);
            }
        });
        return kept.isEmpty() && changes.isEmpty()
                ? Predecessor.none(foundation.channels, foundation.loops)
                : Predecessor.dead(foundation.channels, foundation.loops, listeners, suspended);
    }

    private String address(int number) {
        try {
            SocketAddress address = foundation.posix.localAddress(number);
            return address instanceof InetSocketAddress inet
                    ? NetUtil.toSocketAddressString(inet)
                    : String.valueOf(address);
        } catch (PosixException | IllegalArgumentException e) {
            LOG.debug("fd {} was kept", number, e);
            return "fd " + number;
        }
    }

    private void isStored(HandedListener handed) {
        for (int number : handed.numbers()) {
            store.known(handed.name(), number);
        }
    }

    private static StartException cannotTakeOver(IOException e) {
        return new StartException(Kind.FAILED, "cannot take over from the old process: " + e.getMessage(), e);
    }

    /** With its main process dead the manager would end the service: there is no time to lose. */
    private void claimIfAlone() {
        if (before.hasDied()) {
            notifier.claim("starting; the old process has died");
        }
    }

    /** What it has given. */
    Predecessor before() {
        return before;
    }

    /** Components may listen now, on sockets of the process before where it had them. */
    void giveServers() {
        before.servers();
    }

    /**
     * Everything of this process has started, and it accepts next: says so to the process before, and waits for its
     * word.
     *
     * @throws StartException if that one has changed its mind
     */
    void ready() throws StartException {
        before.closeRest();
        try {
            before.ready();
        } catch (IOException e) {
            throw cannotTakeOver(e);
        }
        claimIfAlone();
    }

    /**
     * This process accepts: says so to the process before and to the service manager.
     *
     * <p>First to the process before: until it knows that this one serves it may think better of it. Then to the
     * manager, by this process, as the other one may die now; and when that one has let go once more, because a manager
     * may listen to it alone.
     */
    void serving(Upstreams upstreams) {
        before.whenOver(this::alone);
        if (isSuccessor) {
            steps.took(What.SERVES, "");
        }
        before.serving(listeners.all(), upstreams, this::released);
        sayServing();
        store.serving();
        listeners.all().forEach(SharedListener::mine);
        served = true;
    }

    /** The process before accepts no more. */
    private void released() {
        steps.seen(giver, What.DRAINS, "");
        sayServing();
    }

    private void alone() {
        store.alone();
        if (isSuccessor) {
            steps.seen(giver, What.ENDED, "process " + ProcessHandle.current().pid() + " is alone");
        }
    }

    private void sayServing() {
        if (isSuccessor) {
            notifier.claimServing("serving");
        } else {
            notifier.ready("serving");
        }
    }

    /** This process ends: what it was given before it was ready stays with the process before. */
    void end() {
        if (!served) {
            before.close();
        }
    }

    // ---- the process after ----------------------------------------------------------------------------------------

    /** How the next process is started, the one that an upgrade hands over to. */
    void upgradeBy(List<String> commandLine) {
        command = List.copyOf(commandLine);
    }

    /** This process has the pid 1: it is to follow those that serve after it. */
    void stayAs(InitProcess first) {
        init = first;
    }

    @Override
    public List<String> command() {
        return command;
    }

    @Override
    public String ticketKeys() {
        return foundation.tls.ticketKeys();
    }

    @Override
    public @Nullable String obstacle() {
        String state = lifetime.state();
        return state.equals("ready") ? null : "this process is " + state;
    }

    @Override
    public void begun() {
        before.dropAll(); // from here on it is this process that hands them over
        store.alone();
        steps.took(What.ASKED, "");
        notifier.reloading("starting a new process");
    }

    @Override
    public void stays() {
        notifier.claim("serving; the upgrade fails");
        store.continues();
    }

    @Override
    public void failed(UpgradeReport report) {
        steps.took(What.FAILED, report.detail());
        // Once more: by now the other process has said its last.
        notifier.claimServing("serving; the upgrade failed: " + report.detail());
    }

    @Override
    public void succeededBy(long pid, Successor successor) {
        notifier.succeededBy(pid, "serving");
        store.succeeded();
        steps.took(What.DRAINS, "process " + pid + " serves");
        InitProcess first = init;
        if (first != null) {
            first.follow(successor.pid(), successor.exit());
        }
        lifetime.drain();
    }

    @Override
    public boolean isDrained() {
        return lifetime.isDrained();
    }

    @Override
    public boolean isToEnd() {
        return lifetime.isToEnd();
    }

    @Override
    public boolean servesAgain(long pid, KeptSockets kept) {
        ListenerTakeBack takeBack = ListenerTakeBack.of(kept, maker, listeners);
        if (takeBack.isEmpty() || !lifetime.revoke(takeBack::replace)) {
            LOG.warn(
                    "process {}, which had taken over, has died; this one only drains, and its listeners are closed",
                    pid);
            takeBack.close();
            return false;
        }
        InitProcess first = init;
        if (first != null) {
            first.serve();
        }
        takeBack.start();
        listeners.all().forEach(loopChanges::settle);
        foundation.channels.servers().takenBack();
        notifier.succeedsAgain("serving again; process " + pid + ", which had taken over, has died");
        store.continues();
        steps.took(What.SERVES_AGAIN, "process " + pid + ", which had taken over, has died");
        LOG.warn("process {}, which had taken over, has died: this one serves again", pid);
        lifetime.stopIfAsked();
        return true;
    }
}
