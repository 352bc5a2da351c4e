package dev.baton.testkit;

import dev.baton.spi.posix.PollCalls;

/** The calls of another, for those that differ from it in one. */
abstract class ForwardingPollCalls implements PollCalls {
    private final PollCalls inner;

    ForwardingPollCalls(PollCalls inner) {
        this.inner = inner;
    }

    @Override
    public int epollCreate() {
        return inner.epollCreate();
    }

    @Override
    public int epollCtl(int epfd, int op, int fd, int events, long data) {
        return inner.epollCtl(epfd, op, fd, events, data);
    }

    @Override
    public int epollWait(int epfd, long eventsAddress, int maxEvents, int timeoutMillis) {
        return inner.epollWait(epfd, eventsAddress, maxEvents, timeoutMillis);
    }

    @Override
    public int poll(long pollfdsAddress, int count, int timeoutMillis) {
        return inner.poll(pollfdsAddress, count, timeoutMillis);
    }

    @Override
    public int eventfd() {
        return inner.eventfd();
    }

    @Override
    public int eventfdWrite(int fd) {
        return inner.eventfdWrite(fd);
    }

    @Override
    public int eventfdRead(int fd) {
        return inner.eventfdRead(fd);
    }
}
