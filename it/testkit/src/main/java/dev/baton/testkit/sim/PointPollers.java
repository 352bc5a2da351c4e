package dev.baton.testkit.sim;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.poller.PollSink;
import dev.baton.spi.poller.Poller;
import dev.baton.spi.poller.PollerContext;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.testkit.ForwardingPoller;
import dev.baton.testkit.ForwardingPollers;
import java.io.IOException;

/** The pollers of a provider, each call of theirs and each event that they report a point of a simulation. */
public final class PointPollers extends ForwardingPollers {
    private final Simulation simulation;

    /** Puts itself between the loops and their pollers. */
    public PointPollers(Simulation simulation, PollerProvider real) {
        super(real);
        this.simulation = simulation;
    }

    @Override
    public Poller open(PollerContext context) throws IOException {
        return new PointPoller(simulation, super.open(context));
    }

    private static final class PointPoller extends ForwardingPoller {
        private final Simulation simulation;

        PointPoller(Simulation simulation, Poller real) {
            super(real);
            this.simulation = simulation;
        }

        @Override
        public int add(Fd fd, int interest) {
            simulation.point("add(" + fd.number() + ")");
            return super.add(fd, interest);
        }

        @Override
        public int modify(Fd fd, int interest) {
            simulation.point("modify(" + fd.number() + ")");
            return super.modify(fd, interest);
        }

        @Override
        public void remove(Fd fd) {
            simulation.point("remove(" + fd.number() + ")");
            super.remove(fd);
        }

        @Override
        public int poll(long timeoutNanos, PollSink sink) {
            simulation.point("poll");
            return super.poll(timeoutNanos, (number, generation, ready) -> {
                simulation.point("ready(" + number + ")");
                return sink.ready(number, generation, ready);
            });
        }

        @Override
        public void wakeup() {
            simulation.point("wakeup");
            super.wakeup();
        }
    }
}
