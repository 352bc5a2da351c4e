package dev.baton.runtime.fd;

import dev.baton.spi.fd.ClosedBy;
import dev.baton.spi.fd.TakeoverResult;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Those who watch the fd table: the counters, the connections of each loop, the flight recorder, the plugins' hooks and
 * the log. The table tells each change once, here. Nothing that they do changes an fd.
 *
 * <p>The hooks come last: they are code of others, and what they read must be up to date.
 */
public final class FdObservers {
    private static final Logger LOG = LoggerFactory.getLogger(FdObservers.class);

    private final FdCounters counters = new FdCounters();
    private final LoopConnections connections = new LoopConnections();
    private final FdHooks hooks = new FdHooks();
    private final Moves moves = new Moves();

    /** What has happened, in numbers. */
    public FdCounters counters() {
        return counters;
    }

    /** Which loop has how many connections. */
    public LoopConnections connections() {
        return connections;
    }

    /** The plugins' hooks. */
    public FdHooks hooks() {
        return hooks;
    }

    /** Which loop takes how much over from which, for those who look. */
    public Moves moves() {
        return moves;
    }

    /** An event came for a registration that is gone, or that another loop owns. Any loop. */
    public void staleEvent() {
        counters.staleEvent();
        ProtocolEvents.stale();
    }

    void inserted(Registration registration, int owner) {
        counters.inserted();
        connections.moved(registration.kind, ClaimWord.NONE, owner);
        hooks.inserted(registration);
    }

    /** Under the thief's claim. One that no loop owned was given its first loop, which is no takeover. */
    void takenOver(Registration registration, int victim, int thief) {
        connections.moved(registration.kind, victim, thief);
        if (victim != ClaimWord.NONE) {
            counters.takeover(TakeoverResult.TAKEN);
            moves.taken(victim, thief);
            ProtocolEvents.takeover(registration.fd, victim, thief);
            hooks.takenOver(registration, victim, thief);
        }
    }

    void takeoverRefused(TakeoverResult result) {
        counters.takeover(result);
    }

    void orphaned(Registration registration) {
        counters.orphaned();
        ProtocolEvents.orphan(registration.fd);
        hooks.orphaned(registration);
    }

    /** By the finalizer, before the close. */
    void closing(Registration registration, int owner, ClosedBy by) {
        counters.closed(by);
        connections.moved(registration.kind, owner, ClaimWord.NONE);
        ProtocolEvents.close(registration.fd, by);
        hooks.closed(registration, by);
    }

    void closeFailed(Registration registration, int result) {
        // Nothing can be done: the number is free whatever close(2) says, unless it was not open (EBADF), which means
        // that it was closed behind the table's back.
        LOG.error("close of {} ({}) failed with errno {}", registration.fd, registration.kind, -result);
    }

    void removeFailed(Registration registration, int loop, Throwable cause) {
        LOG.error("the poller of loop {} cannot let go of {} ({})", loop, registration.fd, registration.kind, cause);
    }
}
