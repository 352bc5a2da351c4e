package dev.baton.plugin.http.http2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.HttpPlugin;
import dev.baton.spi.admin.ServerSnapshot;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Origin;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.Where;
import io.netty.handler.codec.http2.Http2Error;
import java.util.function.Function;

/** Checks of type http of servers that speak HTTP/2. */
class Http2CheckWorldTest {
    private static String health(PluginWorld world) {
        ServerSnapshot server = world.view().upstreams().get(0).servers().get(0);
        return server.health() + " " + server.failure();
    }

    /** The next check of a server that answers like this. */
    private static void answer(Origin origin, Function<Http2Client, String> frames) {
        Peer connection = origin.accept();
        Http2Client server = Http2Client.serving(connection);
        assertThat(server.next())
                .isEqualTo("HEADERS 3 :method=GET :path=/healthz :scheme=http :authority=" + origin.address()
                        + " user-agent=baton-check accept=*/* END");
        server.send(frames.apply(server));
        assertThat(server.next("GOAWAY")).isEqualTo("GOAWAY 0 NO_ERROR");
        assertThat(connection.readAll()).isEmpty();
    }

    @InEachWorld(worlds = Where.SIMULATION, because = "it lasts for seconds")
    void shouldCheckServersInHttp2(PluginWorld world) {
        Origin origin = world.origin();
        world.plugin(HttpPlugin.class);
        world.start("""
                listeners: { web: { bind: "127.0.0.1:0", service: shop } }
                services: { shop: { type: http, upstream: app } }
                upstreams:
                  app:
                    servers: ["%s"]
                    protocol: http/2
                    check: { type: http, path: /healthz, status: "200", interval: 1s, rise: 1, fall: 1 }
                """.formatted(origin.address()));
        answer(origin, server -> server.answer(3, false, "103") + server.answer(3, false, "200"));
        world.await("it is up", () -> health(world).startsWith("UP"));
        answer(origin, server -> server.answer(3, true, "503"));
        world.await("it is down", () -> health(world).endsWith("answered 503, expected 200"));
        answer(origin, server -> server.answer(3, true, "200"));
        world.await("it is up", () -> health(world).startsWith("UP"));
        answer(origin, server -> Http2Client.reset(3, Http2Error.REFUSED_STREAM));
        world.await("it is down", () -> health(world).endsWith("has reset the stream: REFUSED_STREAM"));
        answer(origin, server -> server.answer(3, true, "200"));
        world.await("it is up", () -> health(world).startsWith("UP"));
        Peer old = origin.accept();
        old.readUntil("SM\r\n\r\n");
        old.send("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        world.await("it is down", () -> health(world).contains("DOWN malformed answer: "));
        old.readAll();
    }
}
