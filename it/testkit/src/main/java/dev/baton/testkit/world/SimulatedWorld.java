package dev.baton.testkit.world;

import dev.baton.runtime.config.RootConfig;
import dev.baton.runtime.posix.Posix;
import dev.baton.runtime.server.Foundation;
import dev.baton.runtime.server.Server;
import dev.baton.runtime.server.StartException;
import dev.baton.testkit.sim.SimFailure;
import dev.baton.testkit.sim.SimPeer;
import dev.baton.testkit.sim.SimPosix;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.opentest4j.TestAbortedException;

/**
 * The server of the launcher on the threads, the kernel and the clock of a simulation, under the schedule of one seed.
 */
final class SimulatedWorld extends PluginWorld {
    private static final String TEST = "test's";
    private static final Duration LOOK_FIRST = Duration.ofMillis(1);
    private static final Duration LOOK_LAST = Duration.ofSeconds(1);
    private static final int FIRST_ORIGIN_PORT = 9_000;

    private final long seed;
    private final String test;
    private final boolean tells;
    private @Nullable Simulation simulation;
    private @Nullable SimPosix kernel;
    private int nextOriginPort = FIRST_ORIGIN_PORT;

    /**
     * Nothing yet.
     *
     * @param test how {@code -Dtest} names it
     * @param tells prints the trace of a run that passes
     * @param closing as {@link PluginWorld} says
     */
    SimulatedWorld(long seed, String test, boolean tells, Duration closing) {
        super(closing);
        this.seed = seed;
        this.test = test;
        this.tells = tells;
    }

    @Override
    public Where where() {
        return Where.SIMULATION;
    }

    @Override
    void run(Body body) throws Throwable {
        Simulation run = Simulation.ofSeed(seed);
        simulation = run;
        kernel = new SimPosix(run);
        begin();
        @Nullable Throwable[] thrown = new Throwable[1];
        run.thread(TEST, () -> {
            try {
                body.run();
                leave();
            } catch (TestAbortedException notToday) {
                thrown[0] = notToday;
            } catch (Throwable t) { // rethrown to the test
                thrown[0] = run.failed(t); // with the trace up to here
            }
            endAfter(thrown);
        });
        try {
            run.run();
            Throwable failed = thrown[0];
            if (failed != null) {
                throw failed;
            }
            run.endServers();
            List<?> dead = kernel().deadRegistrations();
            if (!dead.isEmpty()) {
                throw new AssertionError("still polled: " + dead);
            }
            check();
        } catch (TestAbortedException notToday) {
            throw notToday;
        } catch (Throwable t) { // an assertion of the test's, too
            SimFailure failure = t instanceof SimFailure told ? told : run.failed(t);
            throw new AssertionError(
                    "seed " + seed + " (once more: -Dseed=" + seed + " -Dtest=" + test + "): " + failure.getMessage(),
                    t);
        }
        if (tells) {
            System.out.println("[sim] seed " + seed + " passed:\n" + run.trace());
        }
    }

    private void endAfter(@Nullable Throwable[] thrown) {
        try {
            end();
        } catch (Throwable t) {
            if (thrown[0] == null) {
                thrown[0] = t;
            } else {
                thrown[0].addSuppressed(t);
            }
        }
    }

    private Simulation simulation() {
        return Objects.requireNonNull(
                simulation, "only a test's own method can do this, before and after it nobody runs");
    }

    private SimPosix kernel() {
        return Objects.requireNonNull(kernel, "only a test's own method can do this, before and after it nobody runs");
    }

    @Override
    Posix posix(Fds fds) {
        kernel().watchCloses(fds::closing);
        return kernel();
    }

    @Override
    Server assemble(Foundation foundation, RootConfig config, FdAccount account) throws StartException {
        account.points(simulation()::point);
        return Server.assemble(foundation, config, new SimulatedMachine(simulation()));
    }

    @Override
    @Nullable
    Wire wire(SocketAddress address) {
        SimPeer peer = kernel().network().tryConnect(address);
        return peer == null ? null : new SimulatedWire(peer);
    }

    @Override
    Origin newOrigin() {
        int port = nextOriginPort++;
        SimServer listening = kernel().network().listen(port);
        return new Origin("127.0.0.1:" + port, new SimulatedDoor(listening));
    }

    @Override
    boolean holds(String what, BooleanSupplier condition, Duration limit) {
        // Looks on its own thread, between other threads' turns: what a test looks at may be a point itself, which a
        // condition
        // that the scheduler evaluates must not be.
        long deadline = simulation().now() + limit.toNanos();
        Duration pause = LOOK_FIRST;
        while (!condition.getAsBoolean()) {
            Duration left = Duration.ofNanos(deadline - simulation().now());
            if (left.isNegative() || left.isZero()) {
                return false;
            }
            simulation().sleep(pause.compareTo(left) < 0 ? pause : left);
            // Ever longer, so that the trace of a wait in vain is not full of it.
            pause = pause.compareTo(LOOK_LAST) < 0 ? pause.multipliedBy(2) : LOOK_LAST;
        }
        return true;
    }

    @Override
    Collection<Integer> openNumbers() {
        return kernel == null ? List.of() : kernel.open();
    }

    /** Somebody else's server of the simulated network. */
    private static final class SimulatedDoor implements Origin.Door {
        private final SimServer listening;
        private boolean closed;

        SimulatedDoor(SimServer listening) {
            this.listening = listening;
        }

        @Override
        public @Nullable Wire accept(Duration limit) {
            SimPeer peer = listening.accept(limit);
            return peer == null ? null : new SimulatedWire(peer);
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                listening.close();
            }
        }
    }
}
