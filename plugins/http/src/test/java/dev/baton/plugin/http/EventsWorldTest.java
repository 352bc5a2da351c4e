package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.Configured;
import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpAttribute;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpHandler;
import dev.baton.spi.http.HttpOutcome;
import dev.baton.spi.http.HttpStream;
import dev.baton.spi.http.HttpVerdict;
import dev.baton.testkit.world.HttpPeer;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.Where;
import io.netty.buffer.Unpooled;
import io.netty.util.concurrent.Future;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** A handler that sends events at long intervals, on connections that change their loops, and its {@code timeout}. */
class EventsWorldTest {
    private static final String SECONDS = "it lasts for seconds";
    private static final String EVENT = "data: tick\n\n";

    static final class EventsPlugin implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.httpHandler("events", Interval.class, Factory.class);
        }
    }

    record Interval(Duration interval) {}

    static final class Factory implements Configured<Interval, HttpHandler> {
        @Override
        public HttpHandler create(Interval settings) {
            return new Events(settings.interval().toMillis());
        }
    }

    /** One event in each interval, until the client leaves. */
    private static final class Events implements HttpHandler {
        private static final HttpAttribute<Future<?>> TIMER = HttpAttribute.named("timer");

        private final long millis;

        Events(long millis) {
            this.millis = millis;
        }

        @Override
        public HttpVerdict handle(HttpExchange exchange) {
            HttpStream stream = exchange.stream(HttpAnswer.of(200).with("Content-Type", "text/event-stream"));
            Runnable event = () -> stream.write(Unpooled.copiedBuffer(EVENT, StandardCharsets.US_ASCII));
            exchange.set(TIMER, exchange.executor().scheduleAtFixedRate(event, millis, millis, TimeUnit.MILLISECONDS));
            return HttpVerdict.ANSWERED;
        }

        @Override
        public void end(HttpExchange exchange, HttpOutcome outcome) {
            Future<?> timer = exchange.get(TIMER);
            if (timer != null) {
                timer.cancel(false);
            }
        }
    }

    private static HttpPeer start(PluginWorld world, String handler) {
        world.plugin(HttpPlugin.class).plugin(EventsPlugin.class);
        world.start("""
                listeners: { web: { bind: "127.0.0.1:0", service: page, balance: least-loaded } }
                services: { page: { type: http, routes: [ { handler: { type: events, %s } } ] } }
                """.formatted(handler));
        HttpPeer client = world.http("web").send("GET /");
        assertThat(client.connection().readUntil("\r\n\r\n")).startsWith("HTTP/1.1 200 ");
        return client;
    }

    private static void hasEvents(HttpPeer client, int count) {
        client.connection().expect((Integer.toHexString(EVENT.length()) + "\r\n" + EVENT + "\r\n").repeat(count));
    }

    private static long timeouts(PluginWorld world) {
        return world.metrics()
                .counter("baton_http_refusals_total", "", "service", "page", "reason", "filter_timeout")
                .count();
    }

    @InEachWorld
    void shouldFollowItsConnection(PluginWorld world) {
        HttpPeer first = start(world, "interval: 20ms, timeout: 60s");
        HttpPeer second = world.http("web").send("GET /");
        second.connection().readUntil("\r\n\r\n");
        hasEvents(second, 1);
        world.retireLoop(1);
        hasEvents(first, 3);
        hasEvents(second, 3);
        assertThat(timeouts(world)).isZero();
    }

    @InEachWorld(worlds = Where.SIMULATION, because = SECONDS)
    void shouldBeWaitedForAsLongAsTheConfigurationSays(PluginWorld world) {
        HttpPeer client = start(world, "interval: 40m, timeout: 1h");
        world.pass(Duration.ofMinutes(130));
        hasEvents(client, 3);
        client.connection().expectNothing();
    }

    /** By default 10 s. */
    @InEachWorld(worlds = Where.SIMULATION, because = SECONDS)
    void shouldBeCutWhenTheTimeIsOver(PluginWorld world) {
        HttpPeer client = start(world, "interval: 11s");
        world.pass(Duration.ofMillis(9_900));
        client.connection().expectNothing();
        world.pass(Duration.ofMillis(200));
        assertThat(client.connection().readAll()).as("no end of the chunks").isEmpty();
        assertThat(timeouts(world)).isOne();
    }
}
