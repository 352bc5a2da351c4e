package dev.baton.runtime.listener;

import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.posix.PeerAddress;
import dev.baton.spi.poller.Poller;

/**
 * A loop of this process, in the eyes of a listener.
 *
 * @param taker makes connections of what the loop accepts
 */
record LoopSeat(BatonLoop loop, Taker taker) implements Acceptor.Seat {

    /** Takes accepted sockets. */
    @FunctionalInterface
    interface Taker {
        /** Takes one, for which there is a reservation, on the loop that has accepted it. Throws nothing. */
        void take(BatonLoop loop, int number, PeerAddress peer);
    }

    @Override
    public int id() {
        return loop.id();
    }

    @Override
    public Poller poller() {
        return loop.poller();
    }

    @Override
    public void execute(Runnable task) {
        loop.execute(task);
    }

    @Override
    public void accepted(int number, PeerAddress peer) {
        loop.countAccepted();
        taker.take(loop, number, peer);
    }
}
