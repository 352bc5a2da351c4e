package dev.baton.examples.fdcensus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.examples.fdcensus.FdCensusPlugin.Census;
import dev.baton.examples.fdcensus.FdCensusPlugin.Forget;
import dev.baton.examples.fdcensus.FdCensusPlugin.Forgotten;
import dev.baton.examples.fdcensus.FdCensusPlugin.Row;
import dev.baton.examples.fdcensus.FdCensusPlugin.Which;
import dev.baton.spi.admin.AdminAction;
import dev.baton.spi.admin.AdminView;
import dev.baton.spi.fd.ClosedBy;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdHook;
import dev.baton.spi.fd.FdInfo;
import dev.baton.spi.fd.FdKind;
import dev.baton.testkit.AdminActionContract;
import dev.baton.testkit.AdminViewContract;
import dev.baton.testkit.FakeMetrics;
import dev.baton.testkit.FdHookContract;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** The census counts rightly, in each of its roles. */
class FdCensusTest {

    @Nested
    class Hook extends FdHookContract {
        @Override
        protected FdHook hook() {
            return new Census(new FakeMetrics());
        }
    }

    @Nested
    class View extends AdminViewContract {
        private final Census census = new Census(new FakeMetrics());

        @Override
        protected AdminView view() {
            return census;
        }

        @Override
        protected void change() {
            census.inserted(new FdInfo(new Fd(7, 0), FdKind.UPSTREAM, "test"));
        }
    }

    @Nested
    class Action extends AdminActionContract<Which> {
        @Override
        protected AdminAction<Which> action() {
            return new Forget(new Census(new FakeMetrics()));
        }

        @Override
        protected Which right() {
            return new Which(Optional.of(FdKind.DOWNSTREAM));
        }

        @Override
        protected List<Which> wrong() {
            return List.of();
        }
    }

    private static long gauge(PluginWorld world, String name) {
        Matcher line = Pattern.compile("(?m)^" + name + "\\{kind=\"downstream\"} ([0-9]+)")
                .matcher(world.metrics().scrape());
        assertThat(line.find()).as(name).isTrue();
        return Long.parseLong(line.group(1));
    }

    @InEachWorld
    void shouldCountTheConnectionsOfAServer(PluginWorld world) {
        world.plugin(FdCensusPlugin.class);
        world.start("""
                listeners: { in: { bind: "127.0.0.1:0", service: echo } }
                services: { echo: { type: testkit-echo } }
                """);
        List<Peer> clients = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Peer client = world.connect("in");
            client.send("hello");
            client.expect("hello");
            clients.add(client);
        }
        assertThat(gauge(world, "baton_census_open")).isEqualTo(3);
        clients.get(0).close();
        clients.get(1).reset();
        world.await("one is open", () -> gauge(world, "baton_census_open") == 1);
        assertThat(gauge(world, "baton_census_peak")).isEqualTo(3);

        assertThat(world.act("census/forget", Map.of("kind", "listener"))).isEqualTo(new Forgotten(1));
        assertThat(gauge(world, "baton_census_peak")).isEqualTo(3);
        assertThat(world.act("census/forget", Map.of())).isEqualTo(new Forgotten(FdKind.values().length));
        assertThat(gauge(world, "baton_census_peak")).isEqualTo(1);
    }

    /** The deleter may say that it orphaned an fd after the last user has closed it. */
    @Test
    void shouldCountWhatItIsToldInAnyOrder() {
        Census census = new Census(new FakeMetrics());
        FdInfo fd = new FdInfo(new Fd(7, 0), FdKind.UPSTREAM, "test");
        census.inserted(fd);
        census.takenOver(fd, 0, 1);
        census.closed(fd, ClosedBy.LEAVER);
        census.orphaned(fd);
        assertThat(census.rows()).contains(new Row("upstream", 0, 1, 1, 1, 1), new Row("listener", 0, 0, 0, 0, 0));
    }
}
