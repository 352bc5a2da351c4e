package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.plugin.poll.PollProvider;
import dev.baton.runtime.fd.PluginHook;
import dev.baton.spi.fd.ClosedBy;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdHook;
import dev.baton.spi.fd.FdInfo;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.poller.PollSink;
import dev.baton.spi.poller.Poller;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.testkit.ForwardingPoller;
import dev.baton.testkit.ForwardingPollers;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * R31: there is no memory at one step of a takeover, for each step: each call of a poller and each call of a hook from
 * the thief's first look to the end of what follows, with and without an event and a task under way. The connection is
 * wholly the old loop's, wholly the thief's, or closed and its handlers know; nobody holds a claim, and no poller has
 * it who should not.
 */
class TakeoverAllocationTest {
    private static final Duration A_WHILE = Duration.ofSeconds(1);
    private static final int IDLE_STEPS = 50;

    /** How a connection changes hands. */
    enum Move {
        IDLE,
        /** With bytes on their way. */
        WITH_AN_EVENT,
        /** With a task queued and a timer armed, from a loop that is named. */
        RESCUE,
        /** It is deleted under the claim of the takeover. */
        AND_DELETE,
        /** And back again. */
        THERE_AND_BACK
    }

    /** Counts the calls of an SPI; one of them finds no memory. */
    private static final class Memory implements FdHook {
        private boolean counting;
        private int calls;
        private int failing;
        private boolean failed;
        private String where = "";

        void begin(int nth) {
            counting = true;
            calls = 0;
            failing = nth;
            failed = false;
        }

        void end() {
            counting = false;
        }

        private void needed(String by) {
            if (counting && ++calls == failing) {
                failed = true;
                where = by;
                throw new OutOfMemoryError("planned");
            }
        }

        @Override
        public void takenOver(FdInfo fd, int victim, int thief) {
            needed("hook takenOver");
        }

        @Override
        public void orphaned(FdInfo fd) {
            needed("hook orphaned");
        }

        @Override
        public void closed(FdInfo fd, ClosedBy by) {
            needed("hook closed");
        }
    }

    private static final class NoMemory extends ForwardingPoller {
        private final Memory memory;

        NoMemory(Poller real, Memory memory) {
            super(real);
            this.memory = memory;
        }

        @Override
        public int add(Fd fd, int interest) {
            memory.needed("add");
            return super.add(fd, interest);
        }

        @Override
        public int modify(Fd fd, int interest) {
            memory.needed("modify");
            return super.modify(fd, interest);
        }

        @Override
        public void remove(Fd fd) {
            memory.needed("remove");
            super.remove(fd);
        }

        @Override
        public int poll(long timeoutNanos, PollSink sink) {
            memory.needed("poll");
            return super.poll(timeoutNanos, sink);
        }
    }

    @ParameterizedTest
    @EnumSource(Move.class)
    void epoll(Move move) {
        eachStep(new EpollProvider(), move);
    }

    @ParameterizedTest
    @EnumSource(Move.class)
    void poll(Move move) {
        eachStep(new PollProvider(), move);
    }

    private static void eachStep(PollerProvider provider, Move move) {
        List<String> steps = new ArrayList<>();
        int nth = 1;
        String step = once(Simulation.scripted(), provider, move, nth);
        while (!step.isEmpty()) {
            steps.add(step);
            step = once(Simulation.scripted(), provider, move, ++nth);
        }
        assertThat(steps).as("steps that failed").contains("hook takenOver", "add", "remove", "poll");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 8})
    void underAnySchedule(int nth) {
        Exploration.explore(
                20,
                simulation -> once(
                        simulation,
                        Loops.anyPoller(simulation),
                        Move.values()[simulation.pick(Move.values().length)],
                        nth));
    }

    /** The step that failed, or nothing if there are not so many. */
    private static String once(Simulation simulation, PollerProvider provider, Move move, int nth) {
        Memory memory = new Memory();
        World world =
                new World(simulation, ForwardingPollers.changed(provider, poller -> new NoMemory(poller, memory)), 2);
        world.expectErrors();
        world.hooks()
                .set(
                        List.of(new PluginHook("memory", memory), new PluginHook("audit", world.audit())),
                        (plugin, cause) -> assertThat(cause).isInstanceOf(OutOfMemoryError.class));
        SimServer server = world.server();
        Recorder handler = new Recorder();
        World.Connection connection = world.connected(server, 0, handler);
        World.Connection other = world.connected(server, 0, new Recorder());
        List<String> ran = new ArrayList<>();
        if (move == Move.RESCUE) {
            world.loop(0)
                    .execute(() -> connection
                            .channel()
                            .eventLoop()
                            .schedule(() -> ran.add("timer"), 10, TimeUnit.MILLISECONDS));
            simulation.run();
        }
        memory.begin(nth);
        move(world, connection, move, ran);
        simulation.run();
        simulation.pass(A_WHILE);
        memory.end();
        String step = memory.failed ? memory.where : "";
        try {
            check(world, connection, handler);
            int steps = simulation.steps();
            simulation.pass(A_WHILE);
            assertThat(simulation.steps() - steps)
                    .as("steps while there is nothing to do")
                    .isLessThan(IDLE_STEPS);
            if (move == Move.RESCUE) {
                assertThat(ran).as("each once").containsExactlyInAnyOrder("task", "timer");
            }
            other.peer().send("z");
            simulation.run();
            assertThat(other.channel().isOpen()).as("the other one is").isTrue();
            connection.peer().close();
            other.peer().close();
            simulation.run();
            assertThat(connection.channel().isOpen()).isFalse();
            assertThat(handler.calls).last().asString().startsWith("inactive on L");
            assertThat(handler.calls)
                    .filteredOn(call -> call.startsWith("inactive"))
                    .hasSize(1);
            assertThat(world.audit().closes(connection.fd())).isEqualTo(1);
            server.close();
            world.end();
        } catch (Throwable t) { // an assertion of the kit's too
            throw new AssertionError(move + ", no memory for call " + nth + ", " + step + ": " + t.getMessage(), t);
        }
        return step;
    }

    private static void move(World world, World.Connection connection, Move move, List<String> ran) {
        switch (move) {
            case IDLE -> world.loop(1).execute(() -> Loops.take(world, connection.channel(), 1));
            case WITH_AN_EVENT -> {
                connection.peer().send("x");
                world.loop(1).execute(() -> Loops.take(world, connection.channel(), 1));
            }
            case RESCUE -> {
                connection.channel().offer(() -> ran.add("task"));
                world.loop(1).execute(() -> Loops.rescue(world, connection.channel(), 1, 0));
            }
            case AND_DELETE -> world.loop(1).execute(() -> Loops.takeAndDelete(world, connection.channel(), 1));
            case THERE_AND_BACK ->
                world.loop(1).execute(() -> {
                    if (Loops.take(world, connection.channel(), 1) == TakeoverResult.TAKEN) {
                        world.loop(0).execute(() -> Loops.take(world, connection.channel(), 0));
                    }
                });
        }
    }

    /** One owner, who polls it and whom its peer reaches, or none of all that. */
    private static void check(World world, World.Connection connection, Recorder handler) {
        world.checkQuiet();
        int closes = world.audit().closes(connection.fd());
        if (!connection.channel().isOpen()) {
            assertThat(closes).as("closed").isEqualTo(1);
            assertThat(connection.peer().sawEnd()).isTrue();
            assertThat(handler.calls).last().asString().startsWith("inactive on L");
            return;
        }
        assertThat(closes).isZero();
        int[] owner = {-1};
        world.table().forEach(each -> {
            if (each.fd().equals(connection.fd())) {
                owner[0] = each.owner();
            }
        });
        handler.calls.clear();
        connection.peer().send("hello");
        world.simulation().run();
        assertThat(handler.calls).containsExactly("read hello on L" + owner[0]);
    }
}
