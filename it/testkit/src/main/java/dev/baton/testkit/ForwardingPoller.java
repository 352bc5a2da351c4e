package dev.baton.testkit;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.poller.PollSink;
import dev.baton.spi.poller.Poller;

/** A poller that does what another does, for those that differ from it in one thing. */
public abstract class ForwardingPoller implements Poller {
    final Poller inner;

    /** Forwards to another. */
    protected ForwardingPoller(Poller inner) {
        this.inner = inner;
    }

    @Override
    public int add(Fd fd, int interest) {
        return inner.add(fd, interest);
    }

    @Override
    public int modify(Fd fd, int interest) {
        return inner.modify(fd, interest);
    }

    @Override
    public void remove(Fd fd) {
        inner.remove(fd);
    }

    @Override
    public int poll(long timeoutNanos, PollSink sink) {
        return inner.poll(timeoutNanos, sink);
    }

    @Override
    public void wakeup() {
        inner.wakeup();
    }

    @Override
    public boolean edgeTriggered() {
        return inner.edgeTriggered();
    }

    @Override
    public void close() {
        inner.close();
    }
}
