package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.listener.ListenerResult;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.World;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** R40 (fed93d367): accept against unbind: a loop accepts on an fd of -1, or on somebody else's. */
class R40RebindTest {

    @Test
    void underFire() {
        Exploration.explore(5, simulation -> {
            World world = Loops.world(simulation, 2);
            Web web = new Web(world, 100).start();
            List<String> answers = new ArrayList<>();
            for (String name : new String[] {"C", "D", "E"}) {
                simulation.thread(name, () -> answers.add(web.client(name)));
            }
            simulation.thread("U", () -> {
                CompletableFuture<ListenerResult> unbound = web.unbind();
                simulation.await("unbound", unbound::isDone);
                assertThat(world.network().isBound(web.address()))
                        .as("when the future completes")
                        .isFalse();
                web.again();
            });
            simulation.run();
            // Served by the one or the other, cut, or refused in between.
            assertThat(answers)
                    .hasSize(3)
                    .allMatch(each -> List.of("C", "D", "E", "", "refused").contains(each));
            simulation.thread("F", () -> assertThat(web.client("F")).isEqualTo("F"));
            simulation.run();
            web.finish();
            world.end();
        });
    }
}
