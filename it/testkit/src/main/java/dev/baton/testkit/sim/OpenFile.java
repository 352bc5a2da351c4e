package dev.baton.testkit.sim;

import dev.baton.spi.posix.EpollEvent;
import java.util.ArrayList;
import java.util.List;

/** An open file of the simulated kernel: what numbers, messages on their way and waiting calls refer to. */
abstract class OpenFile {
    private final Simulation simulation;
    private int references = 1;
    private final List<EpollItem> items = new ArrayList<>();

    int statusFlags = dev.baton.runtime.posix.FileFlags.O_NONBLOCK | 2;
    int inputSignal;

    OpenFile(Simulation simulation) {
        this.simulation = simulation;
    }

    final void hold() {
        assert references > 0 : "held after its end";
        references++;
    }

    /** Gives a reference back; the last one ends the file and its registrations. */
    final void release() {
        references--;
        assert references >= 0 : "released too often";
        if (references == 0) {
            for (EpollItem item : List.copyOf(items)) {
                item.epoll.forget(item);
            }
            ended();
        }
    }

    final boolean isOpen() {
        return references > 0;
    }

    final void watched(EpollItem item) {
        items.add(item);
    }

    final void unwatched(EpollItem item) {
        items.remove(item);
    }

    /** What holds now, in bits of {@link EpollEvent}. */
    abstract int events();

    /** The last reference is gone. */
    abstract void ended();

    /**
     * Something has arisen: an edge for those that poll for it. Of the exclusive registrations as many are told as it
     * takes to wake one sleeper; which one is first is the schedule's choice.
     */
    final void arisen(int mask) {
        List<EpollItem> exclusive = new ArrayList<>();
        for (EpollItem item : items) {
            if (!item.wants(mask)) {
                continue;
            }
            if (item.isExclusive()) {
                exclusive.add(item);
            } else {
                item.epoll.makeReady(item);
            }
        }
        if (exclusive.isEmpty()) {
            return;
        }
        int first = simulation.pick(exclusive.size());
        for (int i = 0; i < exclusive.size(); i++) {
            EpollItem item = exclusive.get((first + i) % exclusive.size());
            boolean asleep = item.epoll.isAsleep();
            item.epoll.makeReady(item);
            if (asleep) {
                return;
            }
        }
    }
}
