package dev.baton.testkit;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.poller.PollSink;
import dev.baton.spi.poller.Poller;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Knows which registration of a number is the latest, and which thread polls. */
abstract class RememberingPoller extends ForwardingPoller {
    private final Map<Integer, Fd> latest = new ConcurrentHashMap<>();
    private volatile long loop;

    RememberingPoller(Poller inner) {
        super(inner);
    }

    boolean knows(int number) {
        return latest.containsKey(number);
    }

    Fd latest(int number) {
        return latest.getOrDefault(number, new Fd(number, 0));
    }

    boolean isLoop() {
        return Thread.currentThread().getId() == loop;
    }

    @Override
    public int add(Fd fd, int interest) {
        latest.put(fd.number(), fd);
        return super.add(fd, interest);
    }

    @Override
    public int poll(long timeoutNanos, PollSink sink) {
        loop = Thread.currentThread().getId();
        return super.poll(timeoutNanos, sink);
    }
}
