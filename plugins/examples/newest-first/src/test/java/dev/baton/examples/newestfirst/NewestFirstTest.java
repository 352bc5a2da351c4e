package dev.baton.examples.newestfirst;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.examples.newestfirst.NewestFirstPlugin.NewestFirst;
import dev.baton.plugin.http.HttpPlugin;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.pool.IdlePool;
import dev.baton.spi.pool.PoolSpec;
import dev.baton.spi.pool.Sharing;
import dev.baton.testkit.FakeConnection;
import dev.baton.testkit.ManualLoop;
import dev.baton.testkit.world.HttpOrigin;
import dev.baton.testkit.world.HttpPeer;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.PluginWorld;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The newest connection is handed out first, and the oldest are left to the timeout. */
class NewestFirstTest {
    private final ManualLoop a = new ManualLoop(0);
    private final ManualLoop b = new ManualLoop(1);
    private final IdlePool pool = new NewestFirst()
            .open(new PoolSpec(
                    "app",
                    "127.0.0.1:9001",
                    "test",
                    9,
                    Duration.ofSeconds(8),
                    Sharing.TAKEOVER,
                    ManualLoop.loops(a, b)));

    private FakeConnection idle(ManualLoop loop) {
        FakeConnection connection = new FakeConnection(loop);
        assertThat(loop.<Boolean>call(() -> pool.put(loop, connection))).isTrue();
        return connection;
    }

    private @Nullable MovableChannel take(ManualLoop loop) {
        return loop.call(() -> pool.take(loop));
    }

    @Test
    void shouldHandOutTheNewestFirst() {
        FakeConnection oldest = idle(a);
        FakeConnection older = idle(a);
        FakeConnection newer = idle(b);
        FakeConnection newest = idle(b);
        assertThat(take(a)).isSameAs(older);
        assertThat(take(a)).isSameAs(oldest);
        assertThat(take(a)).isSameAs(newest);
        assertThat(take(a)).isSameAs(newer);
    }

    /** The server that the test plays sees which of its connections a request comes on. */
    @InEachWorld
    void shouldAskOnTheNewestConnection(PluginWorld world) {
        world.plugin(HttpPlugin.class).plugin(NewestFirstPlugin.class);
        HttpOrigin origin = world.httpOrigin();
        world.start("""
                loops: 1
                listeners: { web: { bind: "127.0.0.1:0", service: shop } }
                services: { shop: { type: http, upstream: app } }
                upstreams: { app: { servers: ["%s"], pool: { policy: newest-first } } }
                """.formatted(origin.address()));
        HttpPeer one = world.http("web").send("GET /1");
        HttpPeer first = origin.accept();
        first.receive();
        HttpPeer two = world.http("web").send("GET /2");
        HttpPeer second = origin.accept();
        second.receive();
        respond(world, second, two, 1);
        respond(world, first, one, 2);
        for (int i = 0; i < 3; i++) {
            two.send("GET /again");
            assertThat(first.receive().start()).startsWith("GET /again ");
            respond(world, first, two, 2);
        }
    }

    private static void respond(PluginWorld world, HttpPeer server, HttpPeer client, int idle) {
        server.respond(200, "");
        assertThat(client.receive().status()).isEqualTo(200);
        world.await("idle", () -> world.view().pools().get(0).idle() == idle);
    }
}
