package dev.baton.runtime.loop;

import dev.baton.runtime.fd.FdPollers;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.fd.PluginFailures;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.Loops;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The loops by id, and their pollers as the fd table's finalizer needs them. Any thread reads; loops come and go one at
 * a time.
 *
 * <table>
 *   <caption>what it knows of a loop</caption>
 *   <tr><td>added</td><td>among all, and found by its id</td></tr>
 *   <tr><td>leaves (it is to end, or has died)</td><td>not among all; found by its id, for it owns fds still</td></tr>
 *   <tr><td>returns (it stands by, and is needed)</td><td>among all again</td></tr>
 *   <tr><td>forgotten (it has ended)</td><td>unknown; ids are never used again</td></tr>
 *   <tr><td>apart</td><td>found by its id, never among all</td></tr>
 *   <tr><td>of a lane</td><td>as the others, but among {@linkplain #lanes those of lanes} where they are among all</td></tr>
 * </table>
 */
public final class LoopRegistry implements Loops, FdPollers {
    /** The id of the loop apart: the highest, so that the others count from 0. */
    public static final int APART = FdTable.MAX_LOOP;

    private final AtomicInteger nextId = new AtomicInteger();
    private volatile @Nullable BatonLoop[] byId = new BatonLoop[0];
    private volatile List<BatonLoop> serving = List.of();
    private volatile List<BatonLoop> lanes = List.of();
    private volatile @Nullable BatonLoop apart;
    private volatile BatonLoop.@Nullable Deaths deaths;
    private volatile @Nullable PluginFailures failures;
    private volatile @Nullable ChannelHome channels;
    private volatile ThreadFactory threads = new DefaultThreadFactory("baton-loop", true);
    private volatile @Nullable ThreadFactory foreignThreads;
    /** What the pollers are like; all are of one kind. */
    private volatile boolean edges = true;

    /** An empty registry: loops enter it when their group is made. */
    public LoopRegistry() {}

    /** Who is told from here on of what a plugin's task for a loop throws. */
    public void failures(PluginFailures told) {
        failures = told;
    }

    /** What channels share that are registered with one of these loops and were made without it. */
    public void channels(ChannelHome shared) {
        channels = shared;
    }

    /** Null until there is one. */
    @Nullable
    ChannelHome channels() {
        return channels;
    }

    /** Null until there is one. */
    @Nullable
    PluginFailures failures() {
        return failures;
    }

    /**
     * An id that no loop had before.
     *
     * @throws IllegalStateException if all have been used
     */
    int nextId() {
        int id = nextId.getAndIncrement();
        if (id >= APART) {
            nextId.set(APART);
            throw new IllegalStateException("this process has had " + APART + " loops, and there are no more ids");
        }
        return id;
    }

    /**
     * The id was not used after all: no loop has had it. Another may have been given out meanwhile, then it is lost.
     */
    void giveBack(int id) {
        nextId.compareAndSet(id + 1, id);
    }

    /** The next id. */
    public int upcomingId() {
        return nextId.get();
    }

    synchronized void add(BatonLoop loop) {
        edges = loop.poller().edgeTriggered();
        if (loop.id() == APART) {
            apart = loop;
            return;
        }
        @Nullable BatonLoop[] old = byId;
        @Nullable BatonLoop[] next = Arrays.copyOf(old, Math.max(old.length, loop.id() + 1));
        next[loop.id()] = loop;
        byId = next;
        serve(loop);
    }

    /**
     * Takes a loop from those that serve connections, unless it is the last one that is no spare one.
     *
     * @param evenTheLast for one that has died: there is nothing to be kept
     * @return false if it is the last, or was none of them
     */
    public synchronized boolean leave(BatonLoop loop, boolean evenTheLast) {
        if (loop.isLane()) {
            boolean served = lanes.contains(loop);
            loop.leaves();
            lanes = lanes.stream().filter(each -> each != loop).toList();
            return served;
        }
        boolean othersStay = serving.stream().anyMatch(each -> each != loop && !each.isSpare());
        if (!serving.contains(loop) || (!othersStay && !evenTheLast)) {
            return false;
        }
        loop.leaves();
        serving = serving.stream().filter(each -> each != loop).toList();
        return true;
    }

    /** Puts a loop that left back among those that serve connections, unless it has died meanwhile. */
    public synchronized void comeBack(BatonLoop loop) {
        if (!serving.contains(loop)
                && !lanes.contains(loop)
                && !loop.hasDied()) { // one that dies from here on leaves after this
            loop.comesBack();
            serve(loop);
        }
    }

    private void serve(BatonLoop loop) {
        if (loop.isLane()) {
            lanes = with(loop, lanes);
        } else {
            serving = with(loop, serving);
        }
    }

    private static List<BatonLoop> with(BatonLoop loop, List<BatonLoop> others) {
        List<BatonLoop> all = new ArrayList<>(others);
        all.add(loop);
        all.sort(Comparator.comparingInt(BatonLoop::id)); // two may come at once
        return List.copyOf(all);
    }

    /**
     * The loops that serve one service each, by ascending id. They are not among {@link #all}: they accept nothing, and
     * nobody gives them anything but that service's lane.
     */
    public List<BatonLoop> lanes() {
        return lanes;
    }

    /** Those that serve every service and those that serve one, by ascending id. */
    public List<BatonLoop> withLanes() {
        List<BatonLoop> inLanes = lanes;
        if (inLanes.isEmpty()) {
            return serving;
        }
        List<BatonLoop> all = new ArrayList<>(serving);
        all.addAll(inLanes);
        all.sort(Comparator.comparingInt(BatonLoop::id));
        return all;
    }

    /** Those that may take over what a loop has: of the same lane, or those that serve every service. */
    public List<BatonLoop> peers(BatonLoop loop) {
        return loop.isLane()
                ? lanes.stream()
                        .filter(each -> each != loop && each.role().equals(loop.role()))
                        .toList()
                : serving.stream().filter(each -> each != loop).toList();
    }

    /** Those that serve, stand by, leave or have died: all that are not forgotten, but for the one apart. */
    public List<BatonLoop> known() {
        List<BatonLoop> known = new ArrayList<>();
        for (BatonLoop loop : byId) {
            if (loop != null) {
                known.add(loop);
            }
        }
        return known;
    }

    /** Who makes the threads of loops: one that is added later is to be like the first. Before the first is made. */
    public void threads(ThreadFactory factory) {
        threads = factory;
    }

    /**
     * Who makes and names the threads of the loops that serve, in place of the Vert.x whose loops they are: for a
     * program that knows its threads by their class or their names. Before the first is made.
     */
    public void foreignThreads(ThreadFactory factory) {
        foreignThreads = factory;
    }

    /** Null unless there are {@link #foreignThreads(ThreadFactory)}. Any thread. */
    public @Nullable ThreadFactory foreignThreads() {
        return foreignThreads;
    }

    /** Makes the threads of loops. Any thread. */
    public ThreadFactory threads() {
        return threads;
    }

    /** What takes care of loops that die; without it their connections end with them. */
    public void deaths(BatonLoop.Deaths care) {
        deaths = care;
    }

    BatonLoop.@Nullable Deaths deaths() {
        return deaths;
    }

    /** Forgets a loop that has ended. */
    public synchronized void forget(BatonLoop loop) {
        @Nullable BatonLoop[] next = byId.clone();
        if (find(loop.id()) == loop && loop.id() != APART) {
            next[loop.id()] = null;
            byId = next;
        }
    }

    /**
     * The loop with an id.
     *
     * @throws IllegalArgumentException if there is none
     */
    public BatonLoop byId(int id) {
        BatonLoop loop = find(id);
        if (loop == null) {
            throw new IllegalArgumentException("there is no loop " + id);
        }
        return loop;
    }

    /** The loop with an id, or null for {@link FdTable#NONE} and the like. */
    public @Nullable BatonLoop find(int id) {
        @Nullable BatonLoop[] loops = byId;
        return id >= 0 && id < loops.length ? loops[id] : id == APART ? apart : null;
    }

    @Override
    public List<Loop> all() {
        return List.copyOf(serving);
    }

    /** {@link #all()} with the runtime's type. */
    public List<BatonLoop> batonLoops() {
        return serving;
    }

    @Override
    public @Nullable Loop current() {
        return BatonLoop.currentLoop();
    }

    @Override
    public boolean closeRemoves() {
        return edges;
    }

    @Override
    public void remove(int loop, Fd fd) {
        BatonLoop found = find(loop);
        if (found != null && !found.isTerminated()) {
            found.poller().remove(fd);
        }
    }
}
