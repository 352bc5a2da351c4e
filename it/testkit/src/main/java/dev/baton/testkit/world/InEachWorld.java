package dev.baton.testkit.world;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.TestTemplate;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A test of a plugin that runs in the simulation, under as many schedules as {@code -Dsim.seeds} has for it, and on a
 * real runtime. It takes a {@link PluginWorld}, which is new for each run, as a parameter; so may {@code @BeforeEach}
 * methods, to name plugins.
 *
 * <pre>{@code
 * class ShoutPluginTest {
 *     @InEachWorld
 *     void shouldShoutBack(PluginWorld world) {
 *         world.plugin(ShoutPlugin.class);
 *         world.start("""
 *                 listeners:
 *                   loud: { bind: "127.0.0.1:0", service: shout }
 *                 services:
 *                   shout: { type: shout, ending: "!" }
 *                 """);
 *         try (Peer client = world.connect("loud")) {
 *             client.send("hello\n");
 *             client.expect("HELLO!\n");
 *             client.shutdownOutput();
 *             client.expectEnd();
 *         }
 *     }
 *
 *     @InEachWorld
 *     void shouldAskItsUpstream(PluginWorld world) {
 *         world.plugin(ShoutPlugin.class);
 *         Origin origin = world.origin();
 *         world.start("""
 *                 listeners: { loud: { bind: "127.0.0.1:0", service: shout } }
 *                 services: { shout: { type: shout-of, upstream: app } }
 *                 upstreams: { app: { servers: ["%s"] } }
 *                 """.formatted(origin.address()));
 *         Peer client = world.connect("loud");
 *         client.send("what?\n");
 *         Peer upstream = origin.accept();
 *         upstream.expect("what?\n");
 *         upstream.send("nothing\n");
 *         client.expect("NOTHING!\n");
 *     }
 * }
 * }</pre>
 *
 * <p>The plugin of an HTTP filter or handler is tested together with {@code http}. Both ends of an exchange are played
 * by {@link HttpPeer}s:
 *
 * <pre>{@code
 * @InEachWorld
 * void shouldNameItself(PluginWorld world) {
 *     world.plugin(HttpPlugin.class).plugin(ViaPlugin.class);
 *     HttpOrigin origin = world.httpOrigin();
 *     world.start("""
 *             listeners: { web: { bind: "127.0.0.1:0", service: shop } }
 *             services: { shop: { type: http, upstream: app, filters: [ via ] } }
 *             upstreams: { app: { servers: ["%s"] } }
 *             """.formatted(origin.address()));
 *     HttpPeer client = world.http("web").send("GET /");
 *     HttpMessage request = origin.serve(200, "hello");
 *     assertThat(request.field("Via")).isEqualTo("1.1 edge");
 *     world.retireLoop(1); // the client's connection may change its loop
 *     assertThat(client.receive().text()).isEqualTo("hello");
 * }
 * }</pre>
 *
 * {@link HttpFilterInEachWorld} has the tests that every filter should pass.
 *
 * <p>What the plugins of the test do not bring and the configuration needs stands in for them: a poller, a kind of
 * listener for {@code 127.0.0.1:PORT}, the unbind strategy {@code drain} and a takeover policy {@code takeover} that
 * keeps nothing. A service of type {@code testkit-echo}, which sends back what it gets, is always there.
 *
 * <p>A run that fails in the simulation prints its seed and its trace, and {@code -Dseed=N} with
 * {@code -Dtest=Class#method} gives the same run again. The real world needs no luck: each wait is bounded, and the
 * whole by the timeout, for which a test may have another by an annotation of its own.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.METHOD, ElementType.ANNOTATION_TYPE})
@TestTemplate
@ExtendWith(EachWorldExtension.class)
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
public @interface InEachWorld {

    /** Where the test runs; to leave one out takes a reason. */
    Where[] worlds() default {Where.SIMULATION, Where.REAL};

    /** Why it does not run everywhere. */
    String because() default "";
}
