package dev.baton.testkit.world;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.Plugin;
import dev.baton.spi.admin.FdSnapshot;
import dev.baton.spi.admin.LoopResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What every connection filter promises, in a whole server and in each world: it lets pass what it should with every
 * byte that it has not used, and refuses the rest; it decides on whichever loop the connection is, wherever its input
 * is cut, and keeps nothing of a client that leaves. A filter's test extends this.
 */
public abstract class ConnectionFilterContract {
    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final Duration SLACK = Duration.ofMillis(100);
    private static final String SECONDS = "it lasts for seconds";
    private static final int CLIENTS = 4;
    private static final byte[] NOTHING = {};

    private final Class<? extends Plugin> plugin;
    private final String type;

    /**
     * For a plugin's test.
     *
     * @param plugin what contributes the filter
     * @param type as the configuration names it
     */
    protected ConnectionFilterContract(Class<? extends Plugin> plugin, String type) {
        this.plugin = plugin;
        this.type = type;
    }

    /** An entry of {@code filters:} that lets a client of 127.0.0.1 pass once it has sent {@link #opening}. */
    protected String admitting() {
        return type;
    }

    /**
     * An entry of {@code filters:} that refuses a client of 127.0.0.1, at the latest when it has sent {@link #refused}.
     */
    protected String refusing() {
        return type;
    }

    /** What the filter reads before it lets a client pass; empty if it reads nothing. */
    protected byte[] opening() {
        return NOTHING;
    }

    /** What the filter reads before it refuses a client; empty if it reads nothing. */
    protected byte[] refused() {
        return NOTHING;
    }

    private void start(PluginWorld world, String filter) {
        world.plugin(plugin);
        world.start("""
                listeners:
                  in: { bind: "127.0.0.1:0", service: echo, filters: [ FILTER ], accept-timeout: 5s }
                services: { echo: { type: testkit-echo } }
                """.replace("FILTER", filter));
    }

    private long refusals(PluginWorld world) {
        return world.metrics()
                .counter("baton_connections_refused_total", "", "listener", "in", "filter", type)
                .count();
    }

    private static int connections(PluginWorld world) {
        return world.view().listeners().get(0).connections();
    }

    private static List<String> owners(PluginWorld world) {
        return world.view().fds().stream()
                .filter(fd -> fd.kind().equals("downstream"))
                .map(FdSnapshot::owner)
                .toList();
    }

    private byte[] first() {
        return Arrays.copyOf(opening(), opening().length / 2);
    }

    private byte[] rest() {
        return Arrays.copyOfRange(opening(), opening().length / 2, opening().length);
    }

    private static void isServed(Peer client, String text) {
        client.send(text);
        client.expect(text);
    }

    /**
     * The service has everything behind what the filter has read, be it in the same packet, and all that comes later.
     */
    @InEachWorld
    final void shouldGiveBackWhatItDoesNotUse(PluginWorld world) {
        start(world, admitting());
        Peer client = world.connect("in");
        byte[] hello = {'h', 'e', 'l', 'l', 'o'};
        byte[] all = Arrays.copyOf(opening(), opening().length + hello.length);
        System.arraycopy(hello, 0, all, opening().length, hello.length);
        client.send(all);
        client.expect("hello");
        isServed(client, "again");
        assertThat(refusals(world)).isZero();
    }

    @InEachWorld
    final void shouldReadWhateverTheCuts(PluginWorld world) {
        start(world, admitting());
        Peer client = world.connect("in");
        for (byte each : opening()) {
            client.send(new byte[] {each});
            if (world.where() == Where.SIMULATION) {
                world.pass(Duration.ofMillis(1)); // until it was read: else several may be read at once
            }
        }
        isServed(client, "hello");
    }

    @InEachWorld
    final void shouldResetWhatItRefuses(PluginWorld world) {
        start(world, refusing());
        for (int i = 1; i <= 2; i++) {
            Peer client = world.connect("in");
            if (refused().length > 0) {
                client.send(refused());
            }
            client.expectReset();
            assertThat(refusals(world)).isEqualTo(i);
        }
    }

    /**
     * Connections, which may wait for a decision; then a loop that has some of them retires (one loop may have accepted
     * all of them), and the other one has them all.
     */
    @InEachWorld
    final void shouldDecideOnAnotherLoop(PluginWorld world) {
        start(world, admitting());
        List<Peer> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            Peer client = world.connect("in");
            client.send(first());
            clients.add(client);
        }
        world.await("all are accepted", () -> connections(world) == CLIENTS);
        int loop = Integer.parseInt(owners(world).get(0));
        assertThat(world.await(world.control().retireLoop(loop)).outcome()).isEqualTo(LoopResult.Outcome.RETIRED);
        assertThat(owners(world)).hasSize(CLIENTS).containsOnly(Integer.toString(1 - loop));
        for (Peer client : clients) {
            client.send(rest());
            isServed(client, "hello");
        }
        assertThat(refusals(world)).isZero();
    }

    /** Whatever a client has sent until then, and however it leaves: its memory and its connection are given back. */
    @InEachWorld
    final void shouldForgetWhoLeaves(PluginWorld world) {
        start(world, admitting());
        for (byte[] sent : List.of(NOTHING, first(), opening())) {
            Peer ends = world.connect("in");
            ends.send(sent);
            ends.close();
            Peer resets = world.connect("in");
            resets.send(sent);
            resets.reset();
        }
        world.await("no connections", () -> connections(world) == 0);
        assertThat(refusals(world)).isZero();
        Peer client = world.connect("in");
        client.send(opening());
        isServed(client, "hello");
    }

    /** One that is undecided is reset, one that has been let pass is not. */
    @InEachWorld(worlds = Where.SIMULATION, because = SECONDS)
    final void shouldBeBoundByTheAcceptTimeout(PluginWorld world) {
        start(world, admitting());
        Peer undecided = world.connect("in");
        undecided.send(first());
        Peer client = world.connect("in");
        client.send(opening());
        isServed(client, "hello");
        world.pass(TIMEOUT.minus(SLACK));
        undecided.expectNothing();
        world.pass(SLACK.multipliedBy(2));
        if (opening().length > 0) {
            undecided.expectReset();
            assertThat(refusals(world)).isOne();
        }
        isServed(client, "again");
    }
}
