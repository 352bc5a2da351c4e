package dev.baton.runtime.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.config.EjectConfig;
import dev.baton.runtime.config.PoolConfig;
import dev.baton.runtime.config.ServerConfig;
import dev.baton.runtime.config.UpstreamConfig;
import dev.baton.runtime.config.Variant;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.metrics.Meters;
import dev.baton.spi.pool.Sharing;
import dev.baton.spi.upstream.ServerState;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The share of a server that comes back grows in sixteen steps. */
class SlowStartTest {
    private final TestTime time = new TestTime();
    private int changes;
    private final SlowStart start = new SlowStart(Duration.ofSeconds(16), time, () -> changes++);

    @Test
    void growsToAllOfItAndStops() {
        assertThat(start.steps()).as("what was there from the beginning").isEqualTo(16);
        start.begin();
        for (int step = 1; step < 16; step++) {
            assertThat(start.steps()).isEqualTo(step);
            assertThat(changes).isEqualTo(step - 1);
            time.pass(Duration.ofMillis(999));
            assertThat(start.steps()).isEqualTo(step);
            time.pass(Duration.ofMillis(1));
        }
        assertThat(start.steps()).isEqualTo(16);
        assertThat(time.isIdle()).isTrue();
    }

    @Test
    void beginsAnewIfItComesBackMeanwhile() {
        start.begin();
        time.pass(Duration.ofMillis(5500));
        start.begin();
        assertThat(start.steps()).isEqualTo(1);
        time.pass(Duration.ofMillis(999));
        assertThat(start.steps())
                .as("the timer of the first is of no use any longer")
                .isEqualTo(1);
        time.pass(Duration.ofMillis(1));
        assertThat(start.steps()).isEqualTo(2);
        time.pass(Duration.ofSeconds(14));
        assertThat(start.steps()).isEqualTo(16);
        assertThat(time.isIdle()).isTrue();
    }

    @Test
    void aServerThatIsReadyAgainOrAddedComesBack() {
        LoopRegistry loops = new LoopRegistry();
        HostNames names = new HostNames(
                (host, reply) -> {
                    throw new AssertionError("there are no names");
                },
                time,
                time::nanoTime);
        UpstreamGroup group = new UpstreamGroup(
                "app",
                new UpstreamConfig(
                        List.of(new ServerConfig("127.0.0.1:1"), new ServerConfig("127.0.0.1:2")),
                        Duration.ofSeconds(1),
                        Optional.empty(),
                        Optional.empty(),
                        Duration.ofSeconds(1),
                        1,
                        Variant.of("round-robin"),
                        Optional.empty(),
                        Optional.empty(),
                        EjectConfig.DEFAULT,
                        Optional.of(Duration.ofSeconds(16)),
                        new PoolConfig(1, Duration.ofSeconds(60), Sharing.TAKEOVER, Variant.of("takeover"))),
                spec -> {
                    throw new AssertionError("no profile");
                },
                new InTurn(),
                new UpstreamEnv(
                        plugin -> {
                            throw new AssertionError("opened");
                        },
                        names,
                        listener -> null,
                        loops,
                        new Meters()),
                new IdleConnections(loops));
        LiveServer one = Objects.requireNonNull(group.servers().find("127.0.0.1:1"));
        assertThat(one.slowStart().steps()).as("from the beginning").isEqualTo(16);
        group.change(one, ServerState.DRAIN);
        group.change(one, ServerState.MAINTENANCE);
        assertThat(one.slowStart().steps()).isEqualTo(16);
        group.change(one, ServerState.READY);
        assertThat(one.slowStart().steps()).isEqualTo(1);
        time.pass(Duration.ofSeconds(2));
        group.change(one, ServerState.READY);
        assertThat(one.slowStart().steps()).as("it was ready").isEqualTo(3);
        LiveServer added = Objects.requireNonNull(group.add("127.0.0.1:3", 1));
        assertThat(added.slowStart().steps()).isEqualTo(1);
        time.pass(Duration.ofSeconds(16));
        assertThat(added.slowStart().steps()).isEqualTo(16);
    }

    @Test
    void withoutATimeItHasAllAtOnce() {
        SlowStart none = new SlowStart(null, time, () -> changes++);
        none.begin();
        assertThat(none.steps()).isEqualTo(16);
        assertThat(time.isIdle()).isTrue();
    }
}
