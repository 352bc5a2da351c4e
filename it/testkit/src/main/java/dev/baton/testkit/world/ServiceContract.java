package dev.baton.testkit.world;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.Plugin;
import dev.baton.spi.admin.FdSnapshot;
import dev.baton.spi.listener.ListenerResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * What every service promises, in a whole server and in each world: it serves each client whatever the others do, on
 * whichever loop the connection is by then; it lets a listener end; and it keeps nothing of clients that leave,
 * whatever they have sent until then. A service's test extends this.
 *
 * <pre>{@code
 * class ShoutServiceTest extends ServiceContract {
 *     ShoutServiceTest() {
 *         super(ShoutPlugin.class);
 *     }
 *
 *     protected String service() {
 *         return "{ type: shout }";
 *     }
 *
 *     protected void talk(Peer client) {
 *         client.send("hello");
 *         client.expect("HELLO");
 *     }
 * }
 * }</pre>
 */
public abstract class ServiceContract {
    private static final int CLIENTS = 6;
    private static final Duration GRACE = Duration.ofMillis(50);

    private final Class<? extends Plugin> plugin;

    /**
     * For a service's test.
     *
     * @param plugin what contributes the service
     */
    protected ServiceContract(Class<? extends Plugin> plugin) {
        this.plugin = plugin;
    }

    /** Other plugins that the configuration needs. */
    protected List<Class<? extends Plugin>> others() {
        return List.of();
    }

    /** The service's entry in {@code services:}, for example <code>{ type: shout }</code>. */
    protected abstract String service();

    /**
     * One exchange on a connection, from the client's first byte to the last of the service's; may be called several
     * times for one connection, unless {@link #exchanges} says otherwise.
     */
    protected abstract void talk(Peer client);

    /** How many exchanges a connection can have: 3, or 1 for a service that closes it afterwards. */
    protected int exchanges() {
        return 3;
    }

    /** What a client may have sent of an exchange when it leaves; nothing if there is no such thing. */
    protected byte[] begun() {
        return new byte[0];
    }

    /** Other sections of the configuration, such as {@code upstreams:}; asked for each world. */
    protected String configuration(PluginWorld world) {
        return "";
    }

    private void start(PluginWorld world) {
        world.plugin(plugin);
        others().forEach(world::plugin);
        world.start("""
                loops: 3
                listeners: { in: { bind: "127.0.0.1:0", service: tested, balance: least-loaded } }
                services: { tested: SERVICE }
                """.replace("SERVICE", service()) + configuration(world));
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

    @InEachWorld
    final void shouldServeOneClientAfterTheOther(PluginWorld world) {
        start(world);
        for (int i = 0; i < CLIENTS; i++) {
            Peer client = world.connect("in");
            for (int exchange = 0; exchange < exchanges(); exchange++) {
                talk(client);
            }
            client.close();
        }
    }

    @InEachWorld
    final void shouldServeWhoeverSpeaksWhileOthersAreSilent(PluginWorld world) {
        start(world);
        List<Peer> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            Peer client = world.connect("in");
            if (i % 2 == 0) {
                client.send(begun());
            }
            clients.add(client);
        }
        for (int i = 1; i < CLIENTS; i += 2) {
            talk(clients.get(i));
        }
    }

    /** Two of three loops retire while connections are between two exchanges: the third one serves them all. */
    @InEachWorld
    final void shouldFollowItsConnectionsToAnotherLoop(PluginWorld world) {
        start(world);
        List<Peer> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            Peer client = world.connect("in");
            if (exchanges() > 1) {
                talk(client);
            }
            clients.add(client);
        }
        world.await("each loop has some", () -> owners(world).containsAll(List.of("0", "1", "2")));
        world.retireLoop(2);
        world.retireLoop(1);
        assertThat(owners(world))
                .as("loops that own the connections")
                .hasSize(CLIENTS)
                .containsOnly("0");
        clients.forEach(this::talk);
    }

    /** By a close or a reset, before, in the middle of and after an exchange. */
    @InEachWorld
    final void shouldForgetClientsThatLeave(PluginWorld world) {
        start(world);
        for (boolean resets : new boolean[] {false, true}) {
            for (int sent = 0; sent < 3; sent++) {
                Peer client = world.connect("in");
                if (sent == 1) {
                    client.send(begun());
                } else if (sent == 2) {
                    talk(client);
                }
                if (resets) {
                    client.reset();
                } else {
                    client.close();
                }
            }
        }
        world.await("no connection of a client that has left", () -> connections(world) == 0);
        talk(world.connect("in"));
    }

    /** Idle connections end, or are cut at the end of the grace time; either way the unbind completes. */
    @InEachWorld
    final void shouldLetItsListenerEnd(PluginWorld world) {
        start(world);
        for (int i = 0; i < CLIENTS; i++) {
            talk(world.connect("in"));
        }
        CompletableFuture<ListenerResult> told = world.control()
                .unbindListener("in", GRACE, Optional.empty(), false)
                .toCompletableFuture();
        assertThat(world.holds("a result of the unbind", told::isDone, GRACE.plus(world.closing())))
                .as("the unbind ends within a moment (%s) of the grace time (%s)", world.closing(), GRACE)
                .isTrue();
        assertThat(told.join().outcome()).as("%s", told.join()).isEqualTo(ListenerResult.Outcome.UNBOUND);
        assertThat(world.holds("no connection", () -> connections(world) == 0, world.closing()))
                .as("%s connections of the listener are left after the unbind", connections(world))
                .isTrue();
    }
}
