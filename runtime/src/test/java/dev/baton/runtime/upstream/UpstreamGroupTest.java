package dev.baton.runtime.upstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.runtime.config.EjectConfig;
import dev.baton.runtime.config.PoolConfig;
import dev.baton.runtime.config.ServerConfig;
import dev.baton.runtime.config.UpstreamConfig;
import dev.baton.runtime.config.Variant;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.metrics.Meters;
import dev.baton.runtime.pack.PackedCompanion.Place;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.pool.IdlePool;
import dev.baton.spi.pool.PoolFigures;
import dev.baton.spi.pool.Sharing;
import dev.baton.spi.upstream.RequestFacts;
import dev.baton.spi.upstream.ServerState;
import dev.baton.spi.upstream.Upstream;
import dev.baton.spi.upstream.UpstreamProtocol;
import dev.baton.spi.upstream.UpstreamServer;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Servers that come, go and change their state, and the pools of all profiles with them. */
class UpstreamGroupTest {
    private final TestTime time = new TestTime();
    private final List<String> lookups = new ArrayList<>();
    private final HostNames names = new HostNames(
            (host, reply) -> {
                lookups.add(host);
                reply.found(List.of(InetAddress.getLoopbackAddress()));
            },
            time,
            time::nanoTime);
    private final Meters metrics = new Meters();
    private final LoopRegistry loops = new LoopRegistry();
    private final List<Pool> opened = new ArrayList<>();
    private final UpstreamGroup group = group(new UpstreamConfig(
            List.of("127.0.0.1:1", "127.0.0.1:2"),
            Duration.ofSeconds(1),
            new PoolConfig(1, Duration.ofSeconds(60), Sharing.TAKEOVER, Variant.of("takeover"))));
    private final Upstream upstream = new ServiceUpstream(group, "test", 0);

    private UpstreamGroup group(UpstreamConfig config) {
        return new UpstreamGroup(
                "app",
                config,
                spec -> {
                    Pool pool = new Pool(spec.server());
                    opened.add(pool);
                    return pool;
                },
                new InTurn(),
                new UpstreamEnv(
                        plugin -> {
                            throw new AssertionError("opened");
                        },
                        names,
                        listener -> null,
                        loops,
                        metrics),
                new IdleConnections(loops));
    }

    private LiveServer server(String address) {
        return Objects.requireNonNull(group.servers().find(address));
    }

    private LiveServer add(String address, int weight) {
        return Objects.requireNonNull(group.add(address, weight));
    }

    private void useAll(String profile) {
        upstream.connections(profile, new ChannelInboundHandlerAdapter());
        group.servers().known().forEach(LiveServer::follow);
    }

    private List<String> open() {
        return opened.stream()
                .filter(pool -> !pool.closed)
                .map(pool -> pool.server)
                .toList();
    }

    @Test
    void aServiceThatDoesNotSpeakWhatTheServersSpeakIsRefused() {
        Upstream modern = new ServiceUpstream(
                group(new UpstreamConfig(
                        List.of(new ServerConfig("127.0.0.1:1")),
                        UpstreamProtocol.HTTP_2,
                        Duration.ofSeconds(1),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Duration.ofSeconds(1),
                        1,
                        Variant.of("in-turn"),
                        Optional.empty(),
                        Optional.empty(),
                        EjectConfig.DEFAULT,
                        Optional.empty(),
                        new PoolConfig(1, Duration.ofSeconds(60), Sharing.TAKEOVER, Variant.of("takeover")))),
                "old",
                0);
        ChannelHandler handler = new ChannelInboundHandlerAdapter();
        assertThatThrownBy(() -> modern.connections("tcp", handler))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("upstream 'app' has protocol: http/2, which plugin old cannot speak here");
        assertThatThrownBy(() -> modern.connections("tcp", handler, true)).isInstanceOf(IllegalArgumentException.class);
        assertThat(modern.connections(UpstreamProtocol.HTTP_2, "http/2", handler, false))
                .isNotNull();
        assertThatThrownBy(() -> upstream.connections(UpstreamProtocol.HTTP_2, "http/2", handler, false))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aServerThatIsAddedHasPoolsOfAllProfilesAndIsChosen() {
        useAll("one");
        useAll("two");
        LiveServer added = add("127.0.0.1:3", 1);
        useAll("three");
        assertThat(added.pools()).hasSize(3);
        assertThat(open()).filteredOn("127.0.0.1:3"::equals).hasSize(3);
        assertThat(upstream.servers()).extracting(UpstreamServer::index).containsExactly(0, 1, 2);
        List<UpstreamServer> chosen = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            chosen.add(upstream.next(RequestFacts.NONE));
        }
        assertThat(chosen).contains(added.server());
    }

    @Test
    void aDrainClosesTheIdlePoolsOfOneServerInAllProfiles() {
        useAll("one");
        useAll("two");
        group.change(server("127.0.0.1:1"), ServerState.DRAIN);
        assertThat(open()).containsExactly("127.0.0.1:2", "127.0.0.1:2");
        group.change(server("127.0.0.1:1"), ServerState.READY);
        assertThat(open()).containsExactly("127.0.0.1:2", "127.0.0.1:2", "127.0.0.1:1", "127.0.0.1:1");
    }

    @Test
    void aServerThatIsRemovedIsForgottenWhenItsLastConnectionHasEnded() {
        useAll("one");
        LiveServer removed = server("127.0.0.1:1");
        removed.began();
        removed.began();
        group.change(removed, ServerState.REMOVED);
        assertThat(upstream.servers()).extracting(UpstreamServer::address).containsExactly("127.0.0.1:2");
        assertThat(open()).containsExactly("127.0.0.1:2");
        removed.ended();
        time.pass(Duration.ofSeconds(1));
        assertThat(group.servers().known()).contains(removed);
        removed.ended();
        time.pass(Duration.ZERO);
        assertThat(group.servers().known()).doesNotContain(removed);
        assertThat(group.servers().find(removed.server())).isNull();
        assertThat(group.change(removed, ServerState.READY)).isFalse();
    }

    @Test
    void anAddressThatComesAgainIsANewServer() {
        group.change(server("127.0.0.1:1"), ServerState.REMOVED);
        time.pass(Duration.ZERO);
        LiveServer again = add("127.0.0.1:1", 1);
        assertThat(again.index()).isEqualTo(2);
        assertThat(upstream.servers()).extracting(UpstreamServer::index).containsExactly(1, 2);
    }

    @Test
    void maintenanceIsOfAnAddressAlsoForWhatIsLeftOfAServerThatWasRemoved() {
        LiveServer removed = server("127.0.0.1:1");
        removed.began();
        group.change(removed, ServerState.REMOVED);
        LiveServer again = add("127.0.0.1:1", 1);
        assertThat(removed.isConnectable()).as("a request that had chosen it").isTrue();
        group.change(again, ServerState.MAINTENANCE);
        assertThat(removed.isConnectable()).isFalse();
        assertThat(server("127.0.0.1:2").isConnectable()).isTrue();
    }

    @Test
    void theMetricsOfAServerTellItsStateUntilItIsForgotten() {
        String a = "{server=\"127.0.0.1:1\",state=\"%s\",upstream=\"app\"}";
        group.change(server("127.0.0.1:1"), ServerState.DRAIN);
        group.change(server("127.0.0.1:1"), 7);
        assertThat(metrics.scrape())
                .contains("baton_upstream_server_state" + a.formatted("drain") + " 1.0")
                .contains("baton_upstream_server_state" + a.formatted("ready") + " 0.0")
                .contains("baton_upstream_server_weight{server=\"127.0.0.1:1\",upstream=\"app\"} 7.0");
        LiveServer before = server("127.0.0.1:1");
        before.began();
        group.change(before, ServerState.REMOVED);
        add("127.0.0.1:1", 3);
        before.ended();
        time.pass(Duration.ZERO);
        assertThat(metrics.scrape())
                .as("a new server has the address")
                .contains("baton_upstream_server_weight{server=\"127.0.0.1:1\",upstream=\"app\"} 3.0");
        group.change(server("127.0.0.1:1"), ServerState.REMOVED);
        time.pass(Duration.ZERO);
        assertThat(metrics.scrape()).doesNotContain("127.0.0.1:1").contains("127.0.0.1:2");
    }

    @Test
    void servicesAreToldWhenAnAddressIsForgotten() {
        List<String> forgotten = new ArrayList<>();
        upstream.whenForgotten(forgotten::add);
        LiveServer removed = server("127.0.0.1:1");
        removed.began();
        group.change(removed, ServerState.REMOVED);
        LiveServer again = add("127.0.0.1:1", 1);
        removed.ended();
        time.pass(Duration.ZERO);
        assertThat(forgotten).as("a new server has the address").isEmpty();
        again.began();
        group.change(again, ServerState.REMOVED);
        time.pass(Duration.ZERO);
        assertThat(forgotten).as("it is in use").isEmpty();
        again.ended();
        time.pass(Duration.ZERO);
        assertThat(forgotten).containsExactly("127.0.0.1:1");
    }

    @Test
    void thereIsALimitOfServers() {
        for (int i = 2; i < UpstreamGroup.SERVERS_MAX; i++) {
            add("127.0.0.1:9", 1);
        }
        assertThat(group.add("127.0.0.1:9", 1)).isNull();
    }

    @Test
    void theNameOfAServerIsNotLookedUpAfterItsRemoval() {
        LiveServer one = add("app.test:1", 1);
        LiveServer other = add("app.test:2", 1);
        time.pass(HostLookup.REFRESH);
        group.change(one, ServerState.REMOVED);
        time.pass(Duration.ofMinutes(1));
        int before = lookups.size();
        assertThat(before).as("the other one has it still").isGreaterThan(2);
        group.change(other, ServerState.REMOVED);
        time.pass(Duration.ofMinutes(10));
        assertThat(lookups).hasSize(before);
        add("app.test:1", 1);
        assertThat(lookups).hasSize(before + 1);
    }

    // ---- another version of a plugin --------------------------------------------------------------------------------

    private ServiceUpstream service(int reload, String... profiles) {
        ServiceUpstream made = new ServiceUpstream(group, "test", reload);
        for (String each : profiles) {
            made.connections(each, new ChannelInboundHandlerAdapter());
        }
        group.servers().known().forEach(LiveServer::follow);
        return made;
    }

    @Test
    void aServiceOfANewVersionHasPoolsOfItsOwnAndThoseOfTheOldOneAreForgotten() {
        ServiceUpstream old = service(0, "one");
        ServiceUpstream next = service(1, "one");
        assertThat(open()).hasSize(4);
        old.retire();
        assertThat(opened).extracting(pool -> pool.closed).containsExactly(true, true, false, false);
        LiveServer added = add("127.0.0.1:3", 1);
        added.follow();
        assertThat(open()).as("for the new version only").containsExactly("127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3");
        assertThat(added.pools()).hasSize(2);
        old.close();
        assertThat(group.servers().known()).allMatch(each -> each.pools().size() == 1);
        old.close(); // harmless
        next.close();
        assertThat(open()).isEmpty();
        assertThat(group.servers().known()).allMatch(each -> each.pools().isEmpty());
    }

    /** A connection that goes over must not get the handlers of the version that it leaves. */
    @Test
    void aNewVersionDoesNotHaveTheProfilesOfTheOldOne() {
        ServiceUpstream old = service(0, "one");
        ServiceUpstream next = service(1, "two");
        Place one = new Place("app", "127.0.0.1:1", "test", "one");
        assertThat(group.has(one, 1)).as("it serves still").isTrue();
        old.retire();
        assertThat(group.has(one, 1)).isFalse();
        assertThat(group.has(one, 0)).as("by the old one itself").isTrue();
        assertThat(group.has(new Place("app", "127.0.0.1:1", "test", "two"), 1)).isTrue();
        next.close();
    }

    /** Two services of a plugin share connections; one of them gives connections to a service that is reloaded. */
    @Test
    void whatAnotherServiceUsesStillStays() {
        ServiceUpstream replaced = service(0, "one", "two");
        ServiceUpstream stays = service(0, "one");
        replaced.retire();
        assertThat(opened).extracting(pool -> pool.closed).containsExactly(false, true, false, true);
        replaced.close();
        assertThat(group.servers().known()).allMatch(each -> each.pools().size() == 1);
        assertThat(open()).hasSize(2);
        stays.retire();
        assertThat(open()).isEmpty();
    }

    /**
     * The number of a profile that is gone is used again: what is left of the old version must not meet the new one.
     */
    @Test
    void whatIsLeftOfAnOldVersionFindsNoConnectionsOfANewOne() {
        ServiceUpstream old = service(0);
        PooledConnections before = (PooledConnections) old.connections("one", new ChannelInboundHandlerAdapter());
        old.close();
        PooledConnections after = (PooledConnections) service(1).connections("one", new ChannelInboundHandlerAdapter());
        LiveServer server = server("127.0.0.1:1");
        assertThat(after.number()).isEqualTo(before.number());
        assertThat(before.pool(server)).isNull();
        assertThat(after.pool(server)).isNotNull();
        assertThatThrownBy(() -> old.connections("more", new ChannelInboundHandlerAdapter()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("was replaced");
    }

    @Test
    void whatIsKnownOfServersAndWhatTheirPoolsHaveCountedStays() {
        ServiceUpstream old = service(0, "one");
        List<String> forgotten = new ArrayList<>();
        old.whenForgotten(forgotten::add);
        opened.forEach(pool -> pool.reuses = 7);
        group.change(server("127.0.0.1:1"), ServerState.DRAIN);
        ServiceUpstream next = service(1, "one");
        old.close();
        assertThat(server("127.0.0.1:1").state()).isEqualTo(ServerState.DRAIN);
        assertThat(next.next().address()).isEqualTo("127.0.0.1:2");
        assertThat(server("127.0.0.1:2").totals().reusesLocal()).isEqualTo(7);
        group.change(server("127.0.0.1:1"), ServerState.REMOVED);
        time.pass(Duration.ZERO);
        assertThat(forgotten).as("told to a service that is gone").isEmpty();
    }

    /** Notes whether it is closed. */
    private static final class Pool implements IdlePool {
        private final String server;
        private boolean closed;
        private long reuses;

        Pool(String server) {
            this.server = server;
        }

        @Override
        public @Nullable MovableChannel take(Loop loop) {
            return null;
        }

        @Override
        public boolean put(Loop loop, MovableChannel connection) {
            return !closed;
        }

        @Override
        public void remove(MovableChannel connection) {}

        @Override
        public void close() {
            closed = true;
        }

        @Override
        public PoolFigures figures() {
            return new PoolFigures(0, reuses, 0, 0);
        }
    }
}
