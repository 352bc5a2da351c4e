package dev.baton.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.posix.JnrPosix;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.Fds;
import dev.baton.spi.poller.Interest;
import dev.baton.spi.poller.Poller;
import dev.baton.spi.poller.PollerContext;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.testkit.EventLog.Event;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What a contract test has to hand: a poller on real calls, real sockets, and a log of what was reported. */
public final class PollerRig implements AutoCloseable {
    /** Long enough that a poller which spins is told from one that waits. */
    static final Duration MOMENT = Duration.ofMillis(30);

    private static final int LOOP = 0;
    private static final Posix POSIX = new JnrPosix();

    private final PollerProvider provider;
    private final Duration patience;
    private final FaultyPollCalls calls = new FaultyPollCalls(POSIX);
    private final PlainFds fds = new PlainFds(POSIX);
    private final TestSockets sockets = new TestSockets(POSIX, fds);
    private final EventLog log = new EventLog();
    private final List<Poller> opened = new ArrayList<>();
    private final Poller poller;
    private volatile boolean abandoned;

    /** Opens a poller; what is waited for longer than {@code patience} does not come. */
    PollerRig(PollerProvider provider, Duration patience) {
        this.provider = provider;
        this.patience = patience;
        this.poller = another();
    }

    Posix posix() {
        return POSIX;
    }

    FaultyPollCalls calls() {
        return calls;
    }

    PlainFds fds() {
        return fds;
    }

    TestSockets sockets() {
        return sockets;
    }

    EventLog log() {
        return log;
    }

    /** The poller under test; the test's thread is its loop, unless it starts a {@link PollingThread}. */
    Poller poller() {
        return poller;
    }

    Duration patience() {
        return patience;
    }

    PollerProvider provider() {
        return provider;
    }

    PollerContext context() {
        return context(fds);
    }

    PollerContext context(Fds table) {
        return new PollerContext(calls, table, LOOP);
    }

    /** Opens one more, as another loop has it. */
    Poller another() {
        try {
            Poller another = provider.open(context());
            opened.add(another);
            return another;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Closes a poller before the end of the test. */
    void close(Poller closed) {
        opened.remove(closed);
        closed.close();
    }

    void add(Fd fd, int interest) {
        add(poller, fd, interest);
    }

    void add(Poller to, Fd fd, int interest) {
        assertThat(to.add(fd, interest)).as("add of %s", fd).isZero();
    }

    void modify(Fd fd, int interest) {
        assertThat(poller.modify(fd, interest)).as("modify of %s", fd).isZero();
    }

    /** A connection of which the poller polls one end for input. */
    TestSockets.Pair polledPair() {
        TestSockets.Pair pair = sockets.pair();
        add(pair.fd(), Interest.IN);
        return pair;
    }

    /** What one turn reports that does not wait. */
    List<Event> turn() {
        return turn(poller);
    }

    List<Event> turn(Poller of) {
        log.take();
        int result = of.poll(0, log);
        List<Event> events = log.take();
        assertThat(result).as("result of poll").isBetween(0, events.size());
        return events;
    }

    /** The first event of a registration, for which it waits; others are passed over. */
    Event expect(Fd fd) {
        return expect(poller, fd);
    }

    Event expect(Poller of, Fd fd) {
        List<Event> passed = new ArrayList<>();
        long end = System.nanoTime() + patience.toNanos();
        for (long left = patience.toNanos(); left > 0; left = end - System.nanoTime()) {
            of.poll(left, log);
            for (Event event : log.take()) {
                if (event.number() == fd.number()) {
                    assertThat(event.generation()).as("generation of %s", event).isEqualTo(fd.generation());
                    return event;
                }
                passed.add(event);
            }
        }
        throw new AssertionError("no event of " + fd + " within " + patience + ", but " + passed);
    }

    /** Fails if anything is reported although nothing happens. */
    void expectSilence() {
        expectSilence(poller);
    }

    void expectSilence(Poller of) {
        // The first turn may be cut short by a wakeup that is still due.
        assertThat(turn(of)).isEmpty();
        long begin = System.nanoTime();
        int result = of.poll(MOMENT.toNanos(), log);
        Duration waited = Duration.ofNanos(System.nanoTime() - begin);
        assertThat(log.take()).as("events although nothing happened").isEmpty();
        assertThat(result).as("result of poll").isZero();
        assertThat(waited).as("time in poll although nothing happened").isGreaterThanOrEqualTo(MOMENT);
    }

    /** Says that a thread may still be in the poller: its memory is not to be freed under the kernel's hands. */
    void abandon() {
        abandoned = true;
    }

    /** Gives everything back. */
    @Override
    public void close() {
        if (abandoned) {
            return;
        }
        calls.heal();
        opened.forEach(Poller::close);
        fds.close();
        sockets.close();
    }
}
