package dev.baton.testkit.sim;

import dev.baton.spi.posix.EpollEvent;
import dev.baton.spi.posix.Errno;

/** An eventfd, or a file of the virtual machine's own that has no events at all. */
final class EventFile extends OpenFile {
    private long count;

    EventFile(Simulation simulation) {
        super(simulation);
    }

    int write() {
        count++;
        arisen(EpollEvent.EPOLLIN);
        return 0;
    }

    int read() {
        if (count == 0) {
            return -Errno.EAGAIN;
        }
        count = 0;
        return 0;
    }

    @Override
    int events() {
        return count > 0 ? EpollEvent.EPOLLIN : 0;
    }

    @Override
    void ended() {}
}
