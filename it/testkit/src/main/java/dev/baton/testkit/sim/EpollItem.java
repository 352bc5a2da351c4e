package dev.baton.testkit.sim;

import dev.baton.spi.posix.EpollEvent;

/** One registration of an epoll instance. */
final class EpollItem {
    final EpollFile epoll;
    final int number;
    final OpenFile file;
    int events;
    long data;

    EpollItem(EpollFile epoll, int number, OpenFile file, int events, long data) {
        this.epoll = epoll;
        this.number = number;
        this.file = file;
        this.events = events;
        this.data = data;
    }

    boolean isExclusive() {
        return (events & EpollEvent.EPOLLEXCLUSIVE) != 0;
    }

    boolean isEdgeTriggered() {
        return (events & EpollEvent.EPOLLET) != 0;
    }

    boolean wants(int mask) {
        return (mask & (events | EpollEvent.EPOLLERR | EpollEvent.EPOLLHUP)) != 0;
    }

    /** What there is to report now. */
    int happened() {
        return file.events() & (events | EpollEvent.EPOLLERR | EpollEvent.EPOLLHUP);
    }
}
