package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.channel.MemoryBudget;
import dev.baton.runtime.channel.MemoryBudget.Kind;
import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.spi.channel.Eviction;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.World;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

/**
 * F13: what a connection holds of the process's memory is given back twice, or never, when it is taken over, rescued,
 * evicted and deleted at the same time.
 *
 * <ol>
 *   <li>the connection is told to end: a task for its loop;
 *   <li>another loop takes it over, or it is deleted from outside;
 *   <li>its service says that it holds less, or more;
 *   <li>it closes.
 * </ol>
 */
class F13HeldMemoryTest {
    private static final int PAGE = 4096;

    @Test
    void isGivenBackOnceWhateverEndsTheConnection() {
        Exploration.explore(2, simulation -> {
            World world = Loops.world(simulation, 2);
            SimServer server = world.server();
            MemoryBudget budget = world.env().budget();
            budget.limit(Long.MAX_VALUE, 8 * PAGE);
            Holder first = new Holder();
            Holder second = new Holder();
            World.Connection a = world.connected(server, 0, first);
            World.Connection b = world.connected(server, 0, second);
            a.channel().post(() -> a.channel().hold(PAGE + 1, 5 * PAGE));
            b.channel().post(() -> b.channel().hold(1, 2 * PAGE));
            simulation.run();
            assertThat(budget.held(Kind.DIRECT)).isEqualTo(7 * PAGE);
            assertThat(budget.held(Kind.HEAP)).isEqualTo(3 * PAGE);
            boolean deleted = simulation.pick(2) == 0;
            // Over the budget: the larger one is told to end, by a loop that is not its own perhaps.
            simulation.thread("H", () -> post(b.channel(), () -> b.channel().hold(0, 4 * PAGE)));
            world.loop(1).execute(() -> Loops.take(world, a.channel(), 1));
            simulation.thread("D", () -> {
                if (deleted) {
                    world.table().fdDelete(a.fd());
                } else {
                    post(a.channel(), () -> a.channel().hold(0, 6 * PAGE));
                }
            });
            simulation.run();
            assertThat(a.channel().isOpen()).isFalse();
            assertThat(b.channel().isOpen()).isTrue();
            assertThat(second.evictions).isZero();
            assertThat(first.evictions).isLessThanOrEqualTo(1);
            assertThat(budget.held(Kind.DIRECT)).isEqualTo(4 * PAGE);
            assertThat(budget.held(Kind.HEAP)).isZero();
            // Nothing is counted for what is closed.
            post(a.channel(), () -> a.channel().hold(PAGE, PAGE));
            simulation.run();
            assertThat(budget.held(Kind.DIRECT)).isEqualTo(4 * PAGE);
            b.channel().close();
            simulation.run();
            assertThat(budget.held(Kind.DIRECT)).isZero();
            assertThat(budget.held(Kind.HEAP)).isZero();
            a.peer().close();
            b.peer().close();
            server.close();
            world.end();
        });
    }

    private static void post(MovableSocketChannel channel, Runnable task) {
        try {
            channel.post(task);
        } catch (RejectedExecutionException gone) {
            throw new AssertionError("no loop has ended", gone);
        }
    }

    /** Takes no eviction, so its connection is reset. */
    private static final class Holder extends ChannelInboundHandlerAdapter {
        int evictions;

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof Eviction) {
                evictions++;
            }
            context.fireUserEventTriggered(event);
        }
    }
}
