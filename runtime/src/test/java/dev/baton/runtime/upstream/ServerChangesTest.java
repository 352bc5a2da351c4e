package dev.baton.runtime.upstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.runtime.config.EjectConfig;
import dev.baton.runtime.config.PoolConfig;
import dev.baton.runtime.config.ServerConfig;
import dev.baton.runtime.config.UpstreamConfig;
import dev.baton.runtime.config.UpstreamTlsConfig;
import dev.baton.runtime.config.Variant;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.metrics.Meters;
import dev.baton.spi.admin.ServerResult;
import dev.baton.spi.admin.ServerResult.Outcome;
import dev.baton.spi.admin.ServerSnapshot;
import dev.baton.spi.pool.Sharing;
import dev.baton.spi.upstream.ServerState;
import dev.baton.spi.upstream.UpstreamProtocol;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What an operator may change, what is said about it, and what the next process makes of it. */
class ServerChangesTest {
    private final TestTime time = new TestTime();
    private boolean stopping;
    private boolean handingOver;

    private final Upstreams upstreams = upstreams(new ServerConfig("127.0.0.1:1"), new ServerConfig("127.0.0.1:2", 2));
    private final ServerChanges changes = changes(upstreams);

    private ServerChanges changes(Upstreams of) {
        return new ServerChanges(of, Runnable::run, () -> stopping, () -> handingOver);
    }

    private Upstreams upstreams(ServerConfig... servers) {
        return upstreams(Optional.empty(), servers);
    }

    private Upstreams upstreams(Optional<UpstreamTlsConfig> tls, ServerConfig... servers) {
        UpstreamConfig config = new UpstreamConfig(
                Arrays.asList(servers),
                UpstreamProtocol.HTTP_1_1,
                Duration.ofSeconds(1),
                tls,
                Optional.empty(),
                Optional.empty(),
                Duration.ofSeconds(1),
                1,
                Variant.of("in-turn"),
                Optional.empty(),
                Optional.empty(),
                EjectConfig.DEFAULT,
                Optional.empty(),
                new PoolConfig(1, Duration.ofSeconds(60), Sharing.TAKEOVER, Variant.of("takeover")));
        return new Upstreams(
                Map.of("app", config),
                policy -> spec -> {
                    throw new AssertionError("opened");
                },
                balancer -> new InTurn(),
                new UpstreamEnv(
                        plugin -> {
                            throw new AssertionError("opened");
                        },
                        new HostNames((host, reply) -> reply.failed("none", true), time, time::nanoTime),
                        listener -> null,
                        new LoopRegistry(),
                        new Meters()));
    }

    private static ServerResult now(CompletionStage<ServerResult> stage) {
        return stage.toCompletableFuture().getNow(new ServerResult("", "", Outcome.FAILED, 0, "not complete"));
    }

    private static List<String> shown(Upstreams of) {
        return of.overview().get(0).servers().stream()
                .map(ServerChangesTest::shown)
                .toList();
    }

    private static String shown(ServerSnapshot server) {
        return server.server() + " " + server.state() + " " + server.weight();
    }

    /** As the configuration refuses it: no certificate can be verified for such a name. */
    @Test
    void refusesAServerWhoseNameCannotBeVerified() {
        Upstreams secured = upstreams(Optional.of(tls(Optional.empty())), new ServerConfig("a.test:1"));
        assertThatThrownBy(() -> changes(secured).add("app", "a_b.test:1", 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("underscore");
        assertThat(now(changes(secured).add("app", "b.test:1", 1)).outcome()).isEqualTo(Outcome.ADDED);
        Upstreams named = upstreams(Optional.of(tls(Optional.of("shop.test"))), new ServerConfig("a.test:1"));
        assertThat(now(changes(named).add("app", "a_b.test:1", 1)).outcome()).isEqualTo(Outcome.ADDED);
    }

    private static UpstreamTlsConfig tls(Optional<String> serverName) {
        return new UpstreamTlsConfig(
                true,
                Optional.empty(),
                serverName,
                true,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                List.of(),
                List.of());
    }

    // ---- by an operator ---------------------------------------------------------------------------------------------

    @Test
    void eachChangeIsDoneWhenItIsAnswered() {
        assertThat(now(changes.change("app", "127.0.0.1:1", ServerState.DRAIN)))
                .isEqualTo(new ServerResult(
                        "app", "127.0.0.1:1", Outcome.CHANGED, 0, "it gets no new requests, weight 1"));
        assertThat(now(changes.change("app", "127.0.0.1:1", ServerState.DRAIN)).outcome())
                .isEqualTo(Outcome.UNCHANGED);
        assertThat(now(changes.weigh("app", "127.0.0.1:1", 0)).outcome()).isEqualTo(Outcome.CHANGED);
        assertThat(now(changes.weigh("app", "127.0.0.1:1", 0)).outcome()).isEqualTo(Outcome.UNCHANGED);
        assertThat(now(changes.add("app", "[::1]:3", 5)).outcome()).isEqualTo(Outcome.ADDED);
        assertThat(now(changes.add("app", "localhost:4", 5)).outcome()).isEqualTo(Outcome.ADDED);
        assertThat(now(changes.add("app", "[::1]:3", 5)).detail()).contains("has this server already");
        assertThat(now(changes.change("app", "127.0.0.1:2", ServerState.REMOVED))
                        .outcome())
                .isEqualTo(Outcome.REMOVED);
        time.pass(Duration.ZERO);
        assertThat(shown(upstreams)).containsExactly("127.0.0.1:1 DRAIN 0", "[::1]:3 READY 5", "localhost:4 READY 5");
    }

    @Test
    void whatIsInFlightIsSaid() {
        LiveServer server =
                upstreams.group("app").servers().named("127.0.0.1:1").get(0);
        server.began();
        server.began();
        ServerResult drained = now(changes.change("app", "127.0.0.1:1", ServerState.DRAIN));
        assertThat(drained.inFlight()).isEqualTo(2);
        assertThat(drained.detail()).endsWith("; 2 requests are in flight");
    }

    @Test
    void aWrongNameIsToldWhichThereAre() {
        assertThatThrownBy(() -> changes.change("ap", "127.0.0.1:1", ServerState.DRAIN))
                .isInstanceOf(NoSuchElementException.class)
                .hasMessage("no upstream 'ap'; did you mean 'app'?");
        assertThatThrownBy(() -> changes.weigh("app", "10.1.2.3:80", 1))
                .isInstanceOf(NoSuchElementException.class)
                .hasMessage("upstream 'app' has no server '10.1.2.3:80'; there is: 127.0.0.1:1, 127.0.0.1:2");
        assertThatThrownBy(() -> changes.change("app", "127.0.0.1:3", ServerState.DRAIN))
                .hasMessageContaining("did you mean '127.0.0.1:1'?");
    }

    @Test
    void aWrongAddressOrWeightIsRefused() {
        for (String wrong : List.of("nowhere", "127.0.0.1:0", "[127.0.0.1]:80", "a:70000", "listener:web")) {
            assertThatThrownBy(() -> {
                        ServerResult result = now(changes.add("app", wrong, 1));
                        throw new AssertionError(result);
                    })
                    .as(wrong)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(wrong);
        }
        assertThatThrownBy(() -> changes.add("app", "a:1", 257)).hasMessageContaining("0 to 256");
        assertThatThrownBy(() -> changes.weigh("app", "127.0.0.1:1", -1)).hasMessageContaining("0 to 256");
        assertThat(shown(upstreams)).hasSize(2);
    }

    @Test
    void nothingIsChangedThatWouldBeLost() {
        handingOver = true;
        for (ServerResult each : List.of(
                now(changes.change("app", "127.0.0.1:1", ServerState.DRAIN)),
                now(changes.weigh("app", "127.0.0.1:1", 9)),
                now(changes.add("app", "a:1", 1)))) {
            assertThat(each.outcome()).isEqualTo(Outcome.FAILED);
            assertThat(each.detail()).isEqualTo("an upgrade is handing over the upstreams: try again after it");
        }
        stopping = true;
        assertThat(now(changes.add("app", "a:1", 1)).detail()).isEqualTo("the process is draining");
        assertThat(shown(upstreams)).containsExactly("127.0.0.1:1 READY 1", "127.0.0.1:2 READY 2");
        assertThat(changes.handOver()).isEmpty();
    }

    // ---- from one process to the next -------------------------------------------------------------------------------

    /** Hands all over to a process with this file, and answers what it says about it. */
    private @Nullable String handTo(Upstreams next) {
        List<ServerChange> handed = changes.handOver();
        assertThat(handed).hasSize(1);
        return changes(next).carryOver(handed.get(0));
    }

    private final Upstreams same = upstreams(new ServerConfig("127.0.0.1:1"), new ServerConfig("127.0.0.1:2", 2));
    private final Upstreams withoutFirst = upstreams(new ServerConfig("127.0.0.1:2", 2));
    private final Upstreams withThird =
            upstreams(new ServerConfig("127.0.0.1:1", 4), new ServerConfig("127.0.0.1:3", 4));

    @Test
    void aStateStaysUnlessTheServerIsGone() {
        now(changes.change("app", "127.0.0.1:1", ServerState.MAINTENANCE));
        assertThat(handTo(same)).contains("stays as it was set at run time: maintenance, weight 1");
        assertThat(shown(same)).containsExactly("127.0.0.1:1 MAINTENANCE 1", "127.0.0.1:2 READY 2");
        assertThat(handTo(withoutFirst)).contains("is no longer in the configuration");
        assertThat(shown(withoutFirst)).containsExactly("127.0.0.1:2 READY 2");
        handTo(withThird);
        assertThat(shown(withThird)).contains("127.0.0.1:1 MAINTENANCE 4");
        assertThat(changes(same).handOver()).as("to the one after that").hasSize(1);
    }

    @Test
    void aWeightStaysUnlessTheFileHasAnother() {
        now(changes.weigh("app", "127.0.0.1:1", 7));
        handTo(same);
        assertThat(shown(same)).contains("127.0.0.1:1 READY 7");
        assertThat(handTo(withThird)).contains("weight 4, which is the new configuration's");
        assertThat(shown(withThird)).contains("127.0.0.1:1 READY 4");
    }

    @Test
    void aServerThatWasRemovedStaysRemoved() {
        now(changes.change("app", "127.0.0.1:1", ServerState.REMOVED));
        assertThat(handTo(withoutFirst)).isNull();
        assertThat(handTo(same)).contains("stays removed");
        time.pass(Duration.ZERO);
        assertThat(shown(same)).containsExactly("127.0.0.1:2 READY 2");
        assertThat(changes(same).handOver()).isEqualTo(changes.handOver());
        now(changes(same).add("app", "127.0.0.1:1", 1));
        assertThat(changes(same).handOver())
                .as("as the configuration says again")
                .isEmpty();
    }

    @Test
    void aServerThatWasAddedStays() {
        now(changes.add("app", "127.0.0.1:3", 9));
        now(changes.change("app", "127.0.0.1:3", ServerState.DRAIN));
        assertThat(handTo(same)).contains("continues: it was added at run time");
        assertThat(shown(same)).contains("127.0.0.1:3 DRAIN 9");
        assertThat(handTo(withThird)).contains("the configuration has it now; drain, weight 4");
        assertThat(shown(withThird)).contains("127.0.0.1:3 DRAIN 4").hasSize(2);
    }

    @Test
    void whatAnotherProcessSendsIsChecked() {
        assertThat(changes(same).carryOver(new ServerChange("app", "no address", ServerState.READY, 1, -1)))
                .contains("cannot stay");
        assertThat(changes(same).carryOver(new ServerChange("app", "a:1", ServerState.READY, 300, -1)))
                .contains("cannot stay");
        assertThat(changes(same).carryOver(new ServerChange("gone", "a:1", ServerState.READY, 1, -1)))
                .contains("no longer in the configuration");
        changes(same).carryOver(new ServerChange("app", "127.0.0.1:1", ServerState.READY, 300, 1));
        assertThat(shown(same)).containsExactly("127.0.0.1:1 READY 1", "127.0.0.1:2 READY 2");
    }
}
