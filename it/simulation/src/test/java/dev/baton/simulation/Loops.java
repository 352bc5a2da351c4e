package dev.baton.simulation;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.plugin.poll.PollProvider;
import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.poller.PollSink;
import dev.baton.spi.poller.Poller;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.testkit.ForwardingPoller;
import dev.baton.testkit.ForwardingPollers;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;

/** What several races do with loops and pollers. */
final class Loops {
    private Loops() {}

    /** epoll or poll, as the schedule chooses. */
    static PollerProvider anyPoller(Simulation simulation) {
        return simulation.pick(2) == 0 ? new EpollProvider() : new PollProvider();
    }

    /** A world on either poller. */
    static World world(Simulation simulation, int loops) {
        return new World(simulation, anyPoller(simulation), loops);
    }

    /** On the thief's thread: takes a connection over and gives the claim back. */
    static TakeoverResult take(World world, MovableSocketChannel channel, int thief) {
        TakeoverResult result = channel.takeover(world.loop(thief));
        if (result == TakeoverResult.TAKEN) {
            channel.leave();
        }
        return result;
    }

    /** On the rescuer's thread: takes a connection from one loop and no other, and gives the claim back. */
    static TakeoverResult rescue(World world, MovableSocketChannel channel, int thief, int victim) {
        TakeoverResult result = channel.takeover(world.loop(thief), victim);
        if (result == TakeoverResult.TAKEN) {
            channel.leave();
        }
        return result;
    }

    /** On the thief's thread: takes a connection over, deletes it under the claim, and gives the claim back. */
    static boolean takeAndDelete(World world, MovableSocketChannel channel, int thief) {
        if (channel.takeover(world.loop(thief)) != TakeoverResult.TAKEN) {
            return false;
        }
        try {
            Fd fd = channel.fd();
            return fd != null && world.table().fdDelete(fd);
        } finally {
            channel.leave();
        }
    }

    /** A poller that does not take out what it is asked to. */
    static final class KeepsEverything extends ForwardingPoller {
        KeepsEverything(Poller real) {
            super(real);
        }

        @Override
        public void remove(Fd fd) {}
    }

    /** Reports events under the last generation that was added, as pollers do that keep a number only. */
    static final class ForgetsGenerations extends ForwardingPoller {
        private static final int NUMBERS = 64;

        /** By number, of all pollers of the world. */
        private final int[] last;

        ForgetsGenerations(Poller real, int[] last) {
            super(real);
            this.last = last;
        }

        static PollerProvider of(PollerProvider real) {
            int[] last = new int[NUMBERS];
            return ForwardingPollers.changed(real, poller -> new ForgetsGenerations(poller, last));
        }

        @Override
        public int add(Fd fd, int interest) {
            last[fd.number()] = fd.generation();
            return super.add(fd, interest);
        }

        @Override
        public int poll(long timeoutNanos, PollSink sink) {
            return super.poll(timeoutNanos, (number, generation, ready) -> sink.ready(number, last[number], ready));
        }
    }
}
