package dev.baton.plugin.rebalance;

import dev.baton.spi.loop.LoopLoad;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Averages what loops do over the last so many nanoseconds. Loops may come and go meanwhile. One thread. */
final class LoadWindow {
    private final long nanos;
    /** The oldest first. */
    private final Deque<Look> looks = new ArrayDeque<>();

    private record Look(long nanos, List<LoopLoad> loops) {
        @Nullable
        LoopLoad of(int id) {
            for (LoopLoad each : loops) {
                if (each.loop().id() == id) {
                    return each;
                }
            }
            return null;
        }
    }

    LoadWindow(long nanos) {
        this.nanos = nanos;
    }

    /** One more look; what is older than the window needs is forgotten. */
    void add(long now, List<LoopLoad> loops) {
        looks.addLast(new Look(now, loops));
        while (looks.size() > 2 && now - second().nanos() >= nanos) {
            looks.removeFirst();
        }
    }

    private Look second() {
        var all = looks.iterator();
        all.next();
        return all.next();
    }

    /** Forgets all but the last look: what was before says nothing about what is now. */
    void restart() {
        while (looks.size() > 1) {
            looks.removeFirst();
        }
    }

    /** True once the looks are as far apart as the window is long. */
    boolean isFull() {
        return looks.size() > 1 && looks.getLast().nanos() - looks.getFirst().nanos() >= nanos;
    }

    /**
     * The loops of the last look, by ascending id. One that was not there before is not judged yet: it is not among
     * them.
     */
    List<Load> loads() {
        List<Load> loads = new ArrayList<>();
        if (looks.isEmpty()) {
            return loads;
        }
        Look last = looks.getLast();
        for (LoopLoad now : last.loops()) {
            Look since = null;
            boolean avoided = false;
            for (Look each : looks) {
                LoopLoad then = each.of(now.loop().id());
                if (then != null) {
                    since = since == null ? each : since;
                    avoided |= then.avoided();
                }
            }
            LoopLoad first = since == null ? null : since.of(now.loop().id());
            if (since != null && first != null && last.nanos() > since.nanos()) {
                double busy = (double) (now.cpuNanos() - first.cpuNanos()) / (last.nanos() - since.nanos());
                loads.add(new Load(now.loop(), avoided, Math.max(0, busy), now.events() - first.events()));
            }
        }
        return loads;
    }
}
