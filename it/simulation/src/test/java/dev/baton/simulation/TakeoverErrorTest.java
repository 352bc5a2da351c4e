package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.runtime.fd.PluginHook;
import dev.baton.spi.fd.ClosedBy;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdHook;
import dev.baton.spi.fd.FdInfo;
import dev.baton.spi.poller.Poller;
import dev.baton.testkit.ForwardingPoller;
import dev.baton.testkit.ForwardingPollers;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * R31, the claim: an Error ends a takeover half way, between the thief's compare-and-set and its leave, and the claim
 * that it took is never given back. Then the connection is BUSY for every other thief, a delete leaves an orphan for
 * ever, and its number is lost. Wherever the Error comes from, the thief's thread holds nothing afterwards. One of a
 * poller reaches the caller, and the connection is closed, once; one of those who are only told changes nothing.
 */
class TakeoverErrorTest {
    private static final Duration ONE_POLL = Duration.ofSeconds(2);

    /** What finds no memory. */
    enum Step {
        /** Whoever is told that it was taken over, and whoever counts that this failed. */
        TELL,
        /** The victim's poller lets it go. */
        REMOVE,
        /** The thief's poller takes it. */
        ADD,
        /** The thief's poller takes it, and whoever is told that it is closed for that. */
        ADD_AND_TELL
    }

    /** Arms one of the steps. */
    private static final class Memory implements FdHook {
        private final Step failing;
        private boolean armed;
        private int failures;

        Memory(Step failing) {
            this.failing = failing;
        }

        void needed(Step step) {
            boolean fails = step == failing || (step == Step.ADD && failing == Step.ADD_AND_TELL);
            if (armed && fails) {
                failures++;
                throw new OutOfMemoryError("planned");
            }
        }

        @Override
        public void takenOver(FdInfo fd, int victim, int thief) {
            needed(Step.TELL);
        }

        @Override
        public void closed(FdInfo fd, ClosedBy by) {
            needed(Step.ADD_AND_TELL);
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
            memory.needed(Step.ADD);
            return super.add(fd, interest);
        }

        @Override
        public void remove(Fd fd) {
            memory.needed(Step.REMOVE);
            super.remove(fd);
        }
    }

    @ParameterizedTest
    @EnumSource(Step.class)
    void theClaimIsGivenBack(Step step) {
        Exploration.explore(10, simulation -> once(simulation, step));
    }

    private static void once(Simulation simulation, Step step) {
        Memory memory = new Memory(step);
        World world = new World(
                simulation,
                ForwardingPollers.changed(Loops.anyPoller(simulation), poller -> new NoMemory(poller, memory)),
                3);
        world.expectErrors();
        world.hooks()
                .set(
                        List.of(new PluginHook("memory", memory), new PluginHook("audit", world.audit())),
                        (plugin, cause) -> {
                            throw new OutOfMemoryError("planned, to count it");
                        });
        SimServer server = world.server();
        Recorder handler = new Recorder();
        World.Connection connection = world.connected(server, 0, handler);
        MovableSocketChannel channel = connection.channel();
        boolean rescue = simulation.pick(2) == 0;
        List<Throwable> thrown = new ArrayList<>();
        List<Object> held = new ArrayList<>();
        memory.armed = true;
        world.loop(1).execute(() -> {
            try {
                held.add(rescue ? Loops.rescue(world, channel, 1, 0) : Loops.take(world, channel, 1));
            } catch (OutOfMemoryError planned) {
                thrown.add(planned);
            }
            memory.armed = false;
            held.add(channel.eventLoop().inEventLoop());
        });
        simulation.run();
        assertThat(memory.failures).as("Errors").isPositive();
        assertThat(held).as("the thief's thread holds it").endsWith(false);
        world.checkQuiet();
        List<Object> next = new ArrayList<>();
        world.loop(2).execute(() -> next.add(Loops.take(world, channel, 2)));
        simulation.run();
        if (step == Step.TELL) {
            assertThat(thrown).isEmpty();
            assertThat(held).hasToString("[TAKEN, false]");
            assertThat(world.hooks().untold()).isEqualTo(1);
            assertThat(next).as("for whoever comes next").hasToString("[TAKEN]");
            connection.peer().send("y");
            simulation.run();
            assertThat(handler.calls).containsExactly("read y on L2");
            connection.peer().close();
            simulation.run();
        } else {
            assertThat(thrown).as("the caller is told").hasSize(1);
            assertThat(next).as("for whoever comes next").hasToString("[GONE]");
            assertThat(handler.calls).containsExactly("inactive on L1");
            // A poll(2) of the old loop's that nobody has woken keeps the kernel from ending it until it returns.
            simulation.pass(ONE_POLL);
            assertThat(connection.peer().sawEnd()).isTrue();
        }
        assertThat(channel.isOpen()).isFalse();
        assertThat(world.audit().closes(connection.fd())).isEqualTo(1);
        assertThat(world.posix().open()).doesNotContain(connection.fd().number());
        // And the number is as good as new.
        Recorder second = new Recorder();
        World.Connection reborn = world.connected(server, 2, second);
        assertThat(reborn.fd())
                .isEqualTo(new Fd(connection.fd().number(), connection.fd().generation() + 1));
        reborn.peer().send("x");
        simulation.run();
        assertThat(second.calls).containsExactly("read x on L2");
        reborn.peer().close();
        connection.peer().close();
        server.close();
        simulation.run();
        world.end();
    }
}
