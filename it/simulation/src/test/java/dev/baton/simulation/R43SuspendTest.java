package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.unixlistener.UnixListenerKind;
import dev.baton.spi.listener.BoundSocket;
import dev.baton.spi.listener.ListenerEndpoint;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.ListenerResult.Outcome;
import dev.baton.spi.listener.ListenerState;
import dev.baton.spi.listener.SocketOrigin;
import dev.baton.spi.listener.SocketSettings;
import dev.baton.spi.posix.AbstractUnixAddress;
import dev.baton.spi.posix.SocketCalls;
import dev.baton.spi.posix.Sockets;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimNetwork;
import dev.baton.testkit.sim.SimPeer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * R43 (7a15fa58b, 64763342a): suspend means different things per protocol, and nobody is told which. Suspended in the
 * middle of a crowd, each kind says what it did; from then on nobody is accepted here, nobody is lost, and the loops
 * sleep; resumed it serves each who waited. A path in the file system and what the real kernel does are
 * ListenerKindIT's.
 */
class R43SuspendTest {
    private static final int PORT = Web.PORT;
    private static final String ABSTRACT = "unix:@web";
    private static final Duration A_WHILE = Duration.ofSeconds(1);
    private static final int BEFORE = 4;
    private static final int WHILE = 2;

    enum Column {
        TCP,
        ABSTRACT,
        INHERITED,
        SHARED;

        boolean isHeld() {
            return this == INHERITED || this == SHARED;
        }
    }

    /** An endpoint of this column. */
    private record Endpoint(Column column, ListenerEndpoint real, int held) implements ListenerEndpoint {
        @Override
        public SocketOrigin origin() {
            return switch (column) {
                case TCP, ABSTRACT -> SocketOrigin.MADE;
                case INHERITED -> SocketOrigin.INHERITED;
                case SHARED -> SocketOrigin.SHARED;
            };
        }

        @Override
        public int socket(SocketCalls calls) throws IOException {
            return column.isHeld() ? held : real.socket(calls);
        }

        @Override
        public BoundSocket bind(int number, SocketSettings settings, SocketCalls calls) throws IOException {
            return real.bind(number, settings, calls);
        }

        @Override
        public BoundSocket adopt(int number, SocketSettings settings, SocketCalls calls) throws IOException {
            return real.adopt(number, settings, calls);
        }
    }

    @ParameterizedTest
    @EnumSource(Column.class)
    void saysWhatItDidAndLosesNobody(Column column) {
        Exploration.explore(20, simulation -> once(simulation, column));
    }

    private static void once(Simulation simulation, Column column) {
        World world = Loops.world(simulation, 2);
        int held = column.isHeld() ? listening(world) : -1;
        int other = column.isHeld() ? world.posix().dup(held) : -1;
        boolean unix = column == Column.ABSTRACT;
        ListenerEndpoint real = unix ? new UnixListenerKind().parse(ABSTRACT) : Web.tcp(PORT);
        SocketAddress address = unix ? new AbstractUnixAddress("web") : SimNetwork.address(PORT);
        Web web = new Web(world, PORT, 100, new Endpoint(column, real, held)).start();
        simulation.run();

        List<ListenerResult> results = new ArrayList<>();
        List<SimPeer> peers = new ArrayList<>();
        simulation.thread("C", () -> {
            for (int i = 0; i < BEFORE; i++) {
                peers.add(client(world, address));
            }
        });
        simulation.thread("S", () -> {
            simulation.point("suspend");
            results.add(now(web.listener().suspend()));
            results.add(now(web.listener().suspend()));
        });
        simulation.run();
        assertThat(results).extracting(ListenerResult::outcome).containsExactly(Outcome.PAUSED, Outcome.UNCHANGED);
        assertThat(results.get(0).detail())
                .contains(column == Column.SHARED ? "other processes continue" : "connections queue in the kernel");
        assertThat(web.listener().state()).isEqualTo(ListenerState.SUSPENDED);

        long accepted = web.listener().accepted();
        for (int i = 0; i < WHILE; i++) {
            peers.add(client(world, address));
        }
        int steps = simulation.steps();
        simulation.pass(A_WHILE);
        assertThat(simulation.steps() - steps)
                .as("steps of loops that have nothing to do")
                .isLessThan(20);
        assertThat(web.listener().accepted()).as("accepted meanwhile").isEqualTo(accepted);
        int waiting = peers.size() - (int) accepted;
        if (column == Column.SHARED) { // somebody else goes on with it, and this one gets the rest
            int taken = world.posix().accept(other);
            assertThat(taken).isNotNegative();
            world.posix().close(taken);
            waiting--;
        }

        assertThat(now(web.listener().resume()).outcome()).isEqualTo(Outcome.RESUMED);
        assertThat(now(web.listener().resume()).outcome()).isEqualTo(Outcome.UNCHANGED);
        simulation.run();
        assertThat(web.listener().accepted()).as("each of the waiting once").isEqualTo(accepted + waiting);
        int served = 0;
        for (SimPeer peer : peers) {
            served += peer.received().equals("x") ? 1 : 0;
            peer.close();
        }
        assertThat(served).as("served").isEqualTo(peers.size() - (column == Column.SHARED ? 1 : 0));
        simulation.run();

        web.finish();
        assertThat(web.listener().state()).isEqualTo(ListenerState.STOPPED);
        assertThat(now(web.listener().suspend()).outcome()).as("for good").isEqualTo(Outcome.FAILED);
        assertThat(now(web.listener().resume()).outcome()).as("for good").isEqualTo(Outcome.FAILED);
        assertThat(world.network().isBound(address))
                .as("the other holder's still listens")
                .isEqualTo(column.isHeld());
        if (column.isHeld()) {
            world.posix().close(other);
        }
        world.end();
    }

    private static SimPeer client(World world, SocketAddress address) {
        SimPeer peer = world.network().connect(address);
        peer.send("x");
        return peer;
    }

    private static int listening(World world) {
        int number = world.posix().socket(Sockets.AF_INET, Sockets.SOCK_STREAM, 0);
        assertThat(world.posix().bind(number, SimNetwork.address(PORT))).isZero();
        assertThat(world.posix().listen(number, 100)).isZero();
        return number;
    }

    private static ListenerResult now(CompletionStage<ListenerResult> stage) {
        assertThat(stage.toCompletableFuture()).isDone();
        return stage.toCompletableFuture().join();
    }
}
