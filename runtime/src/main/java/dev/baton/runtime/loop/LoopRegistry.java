package dev.baton.runtime.loop;

import dev.baton.runtime.fd.FdPollers;
import dev.baton.runtime.fd.FdTable;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.Loops;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The loops by id, and their pollers as the fd table's finalizer needs them. Any thread reads, starting code writes. */
public final class LoopRegistry implements Loops, FdPollers {
    private static final BatonLoop[] NONE = {};

    private final AtomicInteger nextId = new AtomicInteger();
    private volatile BatonLoop[] byId = NONE;

    /** An empty registry: loops enter it when their group is made. */
    public LoopRegistry() {}

    int nextId() {
        return nextId.getAndIncrement();
    }

    synchronized void add(BatonLoop loop) {
        BatonLoop[] old = byId;
        BatonLoop[] next = java.util.Arrays.copyOf(old, Math.max(old.length, loop.id() + 1));
        next[loop.id()] = loop;
        byId = next;
    }

    /**
     * The loop with an id.
     *
     * @throws IllegalArgumentException if there is none
     */
    public BatonLoop byId(int id) {
        BatonLoop[] loops = byId;
        BatonLoop loop = id >= 0 && id < loops.length ? loops[id] : null;
        if (loop == null) {
            throw new IllegalArgumentException("there is no loop " + id);
        }
        return loop;
    }

    /** The loop with an id, or null for {@link FdTable#NONE} and the like. */
    public @Nullable BatonLoop find(int id) {
        BatonLoop[] loops = byId;
        return id >= 0 && id < loops.length ? loops[id] : null;
    }

    @Override
    public List<Loop> all() {
        return List.of(byId);
    }

    /** {@link #all()} with the runtime's type. */
    public List<BatonLoop> batonLoops() {
        return List.of(byId);
    }

    @Override
    public @Nullable Loop current() {
        return BatonLoop.currentLoop();
    }

    @Override
    public boolean closeRemoves() {
        BatonLoop[] loops = byId;
        return loops.length == 0 || loops[0].poller().edgeTriggered();
    }

    @Override
    public void remove(int loop, Fd fd) {
        BatonLoop found = find(loop);
        if (found != null && !found.isTerminated()) {
            found.poller().remove(fd);
        }
    }
}
