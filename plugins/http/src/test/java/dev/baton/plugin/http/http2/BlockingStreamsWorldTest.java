package dev.baton.plugin.http.http2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.HttpPlugin;
import dev.baton.spi.Configured;
import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpVerdict;
import dev.baton.spi.threading.Blocking;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.Where;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Streams of one connection that wait for workers: the connection is read all the while. */
class BlockingStreamsWorldTest {
    /** Far more than the test needs. */
    private static final long WAIT_SECONDS_MAX = 30;

    private static volatile CountDownLatch meeting = new CountDownLatch(2);

    static final class MeetingPlugin implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.httpFilter("meeting", NoKeys.class, Meetings.class);
        }
    }

    /** Nothing to configure. */
    record NoKeys() {}

    static final class Meetings implements Configured<NoKeys, HttpFilter> {
        @Override
        public HttpFilter create(NoKeys config) {
            return new Meeting();
        }
    }

    /** Each request waits for another one. */
    @Blocking
    private static final class Meeting implements HttpFilter {
        @Override
        public HttpVerdict request(HttpExchange exchange) {
            meeting.countDown();
            try {
                assertThat(meeting.await(WAIT_SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return HttpVerdict.CONTINUE;
        }
    }

    @InEachWorld(worlds = Where.REAL, because = "two workers wait for each other")
    void shouldWaitByThemselves(PluginWorld world) {
        meeting = new CountDownLatch(2);
        world.plugin(HttpPlugin.class).plugin(MeetingPlugin.class);
        world.start("""
                listeners: { web: { bind: "127.0.0.1:0", service: shop } }
                services:
                  shop:
                    type: http
                    routes:
                      - { match: { path: "/meet" }, filters: [ { type: meeting } ], respond: { status: 204 } }
                      - { respond: { status: 204 } }
                """);
        Http2Client client = Http2Client.over(world.connect("web"));
        client.send(client.get(1, "/meet"));
        world.await("the first waits", () -> meeting.getCount() == 1);
        client.send(client.get(3, "/"), Http2Client.ping(0));
        assertThat(client.next()).isEqualTo("HEADERS 3 :status=204 END");
        assertThat(client.next("PING")).isEqualTo("PING ACK");
        client.send(client.get(5, "/meet"));
        assertThat(new String[] {client.next(), client.next()})
                .containsExactlyInAnyOrder("HEADERS 1 :status=204 END", "HEADERS 5 :status=204 END");
    }
}
