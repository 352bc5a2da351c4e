package dev.baton.testkit.sim;

import dev.baton.spi.posix.EpollEvent;
import dev.baton.spi.posix.Errno;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An epoll instance. A registration is kept under its number <em>and</em> its open file, as Linux does it: it ends with
 * the open file, not with the number, and cannot be reached by a number that was closed.
 */
final class EpollFile extends OpenFile {
    private final List<EpollItem> items = new ArrayList<>();
    private final Set<EpollItem> ready = new LinkedHashSet<>();
    /** Threads in epollWait. */
    int waiting;

    EpollFile(Simulation simulation) {
        super(simulation);
    }

    int control(int operation, int number, OpenFile file, int events, long data) {
        if (file == this) {
            return -Errno.EINVAL;
        }
        EpollItem known = find(number, file);
        boolean exclusive = (events & EpollEvent.EPOLLEXCLUSIVE) != 0;
        switch (operation) {
            case EpollEvent.EPOLL_CTL_ADD -> {
                if (exclusive && (events & EpollEvent.EPOLLRDHUP) != 0) {
                    return -Errno.EINVAL;
                }
                if (known != null) {
                    return -Errno.EEXIST;
                }
                EpollItem item = new EpollItem(this, number, file, events, data);
                items.add(item);
                file.watched(item);
                makeReadyIfHappened(item);
                return 0;
            }
            case EpollEvent.EPOLL_CTL_MOD -> {
                if (known == null) {
                    return -Errno.ENOENT;
                }
                if (exclusive || known.isExclusive()) {
                    return -Errno.EINVAL;
                }
                known.events = events;
                known.data = data;
                makeReadyIfHappened(known);
                return 0;
            }
            case EpollEvent.EPOLL_CTL_DEL -> {
                if (known == null) {
                    return -Errno.ENOENT;
                }
                forget(known);
                return 0;
            }
            default -> {
                return -Errno.EINVAL;
            }
        }
    }

    private @Nullable EpollItem find(int number, OpenFile file) {
        for (EpollItem each : items) {
            if (each.number == number && each.file == file) {
                return each;
            }
        }
        return null;
    }

    private void makeReadyIfHappened(EpollItem item) {
        if (item.happened() != 0) {
            makeReady(item);
        }
    }

    void makeReady(EpollItem item) {
        ready.add(item);
    }

    void forget(EpollItem item) {
        items.remove(item);
        ready.remove(item);
        item.file.unwatched(item);
    }

    /** True if somebody waits whom nothing has woken yet. */
    boolean isAsleep() {
        return waiting > 0 && !hasEvents();
    }

    boolean hasEvents() {
        for (EpollItem each : ready) {
            if (each.happened() != 0) {
                return true;
            }
        }
        return false;
    }

    /** Takes what there is to report, at most so many; levels stay for the next time. */
    List<EpollItem> harvest(int max) {
        List<EpollItem> taken = new ArrayList<>();
        for (EpollItem each : List.copyOf(ready)) {
            if (taken.size() == max) {
                break;
            }
            ready.remove(each);
            if (each.happened() != 0) {
                taken.add(each);
                if (!each.isEdgeTriggered()) {
                    ready.add(each);
                }
            }
        }
        return taken;
    }

    List<EpollItem> items() {
        return items;
    }

    @Override
    int events() {
        return hasEvents() ? EpollEvent.EPOLLIN : 0;
    }

    @Override
    void ended() {
        for (EpollItem each : List.copyOf(items)) {
            forget(each);
        }
    }
}
