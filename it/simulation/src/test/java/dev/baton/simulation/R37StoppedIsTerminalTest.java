package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.listener.ListenerState;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.World;
import org.junit.jupiter.api.Test;

/** R37 (d1ebee177, f5d98938a): a stopped listener is resumed by a late accept. Stopped is terminal, in any order. */
class R37StoppedIsTerminalTest {

    @Test
    void nothingRevivesIt() {
        Exploration.explore(5, simulation -> {
            World world = Loops.world(simulation, 2);
            Web web = new Web(world, 1).start(); // full with one: accepts and ends change the state
            for (String name : new String[] {"C", "D"}) {
                simulation.thread(name, () -> web.client(name));
            }
            simulation.thread("S", () -> {
                web.listener().suspend();
                web.listener().resume();
                web.listener().resume();
            });
            simulation.thread("U", web::unbind);
            simulation.run();
            assertThat(web.listener().state()).isEqualTo(ListenerState.STOPPED);
            web.listener().resume();
            web.listener().suspend();
            simulation.run();
            assertThat(web.listener().state()).isEqualTo(ListenerState.STOPPED);
            assertThat(web.number()).as("its fd").isEqualTo(-1);
            assertThat(web.listener().connections()).isZero();
            assertThat(world.network().isBound(web.address())).isFalse();
            web.finish();
            world.end();
        });
    }
}
