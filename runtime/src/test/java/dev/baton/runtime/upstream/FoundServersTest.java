package dev.baton.runtime.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.config.CheckConfig;
import dev.baton.runtime.config.EjectConfig;
import dev.baton.runtime.config.PoolConfig;
import dev.baton.runtime.config.ServerConfig;
import dev.baton.runtime.config.StickyConfig;
import dev.baton.runtime.config.UpstreamConfig;
import dev.baton.runtime.config.Variant;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.metrics.Meters;
import dev.baton.runtime.upstream.HostLookup.Enclosed;
import dev.baton.spi.admin.PoolSnapshot;
import dev.baton.spi.admin.ServerSnapshot;
import dev.baton.spi.pool.Sharing;
import dev.baton.spi.upstream.RequestFacts;
import dev.baton.spi.upstream.ServerHealth;
import dev.baton.spi.upstream.ServerState;
import dev.baton.spi.upstream.Upstream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Servers that an SRV name has: who they are, which are asked, and what becomes of those that vanish. */
class FoundServersTest {
    private static final String NAME = "srv:_http._tcp.shop.example";
    private static final Duration TTL = Duration.ofSeconds(2);

    private final TestTime time = new TestTime();
    private final List<String> hostsAsked = new ArrayList<>();
    private final Set<String> unknownHosts = new TreeSet<>();
    private final Queue<HostLookup.ServiceReply> asked = new ArrayDeque<>();
    private final Meters metrics = new Meters();

    /** Hosts are found at once, services when a test says so. */
    private final HostNames names = new HostNames(
            new HostLookup() {
                @Override
                public void lookUp(String host, Reply reply) {
                    hostsAsked.add(host);
                    if (unknownHosts.contains(host)) {
                        reply.failed("no such host", true);
                    } else {
                        reply.found(List.of(InetAddress.getLoopbackAddress()));
                    }
                }

                @Override
                public void lookUpService(String name, ServiceReply reply) {
                    assertThat(name).isEqualTo("_http._tcp.shop.example");
                    asked.add(reply);
                }
            },
            time,
            time::nanoTime);

    private final UpstreamGroup group = group(NAME);
    private final Upstream upstream = new ServiceUpstream(group, "test", 0);

    private UpstreamGroup group(String... servers) {
        return group(names, null, servers);
    }

    private UpstreamGroup group(HostNames names, @Nullable StickyConfig sticky, String... servers) {
        return group(names, sticky, Optional.empty(), Optional.empty(), servers);
    }

    private UpstreamGroup group(
            HostNames names,
            @Nullable StickyConfig sticky,
            Optional<CheckConfig> check,
            Optional<Duration> slowStart,
            String... servers) {
        LoopRegistry loops = new LoopRegistry();
        return new UpstreamGroup(
                "app",
                new UpstreamConfig(
                        Arrays.stream(servers).map(ServerConfig::new).toList(),
                        Duration.ofSeconds(1),
                        Optional.empty(),
                        Optional.empty(),
                        Duration.ofSeconds(1),
                        10,
                        Variant.of("in-turn"),
                        Optional.ofNullable(sticky),
                        check,
                        EjectConfig.DEFAULT,
                        slowStart,
                        new PoolConfig(1, Duration.ofSeconds(60), Sharing.TAKEOVER, Variant.of("takeover"))),
                spec -> {
                    throw new AssertionError("opened");
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

    private static SrvRecord record(String host, int priority, int weight) {
        return new SrvRecord(priority, weight, 80, host);
    }

    private void answer(SrvRecord... records) {
        Objects.requireNonNull(asked.poll(), "nothing was asked").found(List.of(records), Map.of(), TTL);
    }

    /** The next answer, when the last one is no longer valid. */
    private void nextAnswer(SrvRecord... records) {
        time.pass(TTL);
        answer(records);
    }

    private static LiveServer server(UpstreamGroup group, String address) {
        return Objects.requireNonNull(group.servers().find(address), address);
    }

    private LiveServer server(String address) {
        return server(group, address);
    }

    private static List<String> shown(UpstreamGroup group) {
        return group.overview().servers().stream()
                .map(each -> each.server() + " " + each.state() + " " + each.weight())
                .toList();
    }

    private List<String> shown() {
        return shown(group);
    }

    /** The servers that requests go to. */
    private Set<String> inUse() {
        Set<String> seen = new TreeSet<>();
        for (int i = 0; i < 8; i++) {
            seen.add(upstream.next(RequestFacts.NONE).address());
        }
        return seen;
    }

    private void connectFails(String address) {
        group.servers().failed(server(address), time.nanoTime(), new ConnectException("refused"));
    }

    // ---- who they are -----------------------------------------------------------------------------------------------

    @Test
    void beforeTheFirstAnswerRequestsWaitForIt() {
        assertThat(inUse()).containsExactly(NAME);
        assertThat(group.servers().known().get(0).locator().isNowhere()).isFalse();
        assertThat(shown()).containsExactly(NAME + " READY 1");
    }

    @Test
    void anOperatorSeesWhyThereIsNoServer() {
        Objects.requireNonNull(asked.poll()).failed("SERVFAIL of 10.0.0.2:53", false);
        ServerSnapshot row = group.overview().servers().get(0);
        assertThat(row.server()).isEqualTo(NAME);
        assertThat(row.health()).isEqualTo(ServerHealth.DOWN);
        assertThat(row.failure()).isEqualTo("no address: SERVFAIL of 10.0.0.2:53");
        List<PoolSnapshot> pools = new ArrayList<>();
        group.snapshot(pools);
        assertThat(pools).isEmpty();
        assertThat(inUse()).as("the connect says why").containsExactly(NAME);
    }

    @Test
    void eachRecordIsAServerWithItsPortAndWeight() {
        answer(new SrvRecord(0, 10, 8080, "A.Shop.Example."), new SrvRecord(0, 30, 8081, "b.shop.example"));
        assertThat(shown()).containsExactly("a.shop.example:8080 READY 10", "b.shop.example:8081 READY 30");
        assertThat(inUse()).containsExactly("a.shop.example:8080", "b.shop.example:8081");
        assertThat(hostsAsked).as("without the search list").containsExactly("a.shop.example.", "b.shop.example.");
        assertThat(metrics.scrape())
                .contains("baton_upstream_server_weight{server=\"b.shop.example:8081\",upstream=\"app\"} 30.0")
                .doesNotContain("server_weight{server=\"srv:");
    }

    @Test
    void addressesThatComeWithTheAnswerAreNotAskedForUntilTheyAreOld() throws Exception {
        InetAddress address = InetAddress.getByAddress(new byte[] {10, 0, 0, 1});
        Objects.requireNonNull(asked.poll())
                .found(
                        List.of(record("a", 0, 1), record("b", 0, 1)),
                        Map.of("a", new Enclosed(List.of(address), Duration.ofSeconds(60))),
                        Duration.ofSeconds(300));
        assertThat(hostsAsked).containsExactly("b.");
        assertThat(server("a:80").locator().endpoints().current())
                .extracting(Endpoint::toString)
                .containsExactly("10.0.0.1:80");
        hostsAsked.clear();
        time.pass(Duration.ofSeconds(60).minusNanos(1));
        assertThat(hostsAsked).doesNotContain("a.");
        time.pass(Duration.ofNanos(1));
        assertThat(hostsAsked).contains("a.");
    }

    @Test
    void laterAnswersBringNewAddressesOfKnownHosts() throws Exception {
        answer(record("a", 0, 1));
        InetAddress address = InetAddress.getByAddress(new byte[] {10, 0, 0, 1});
        time.pass(TTL);
        Objects.requireNonNull(asked.poll())
                .found(
                        List.of(record("a", 0, 1)),
                        Map.of("a", new Enclosed(List.of(address), Duration.ofSeconds(60))),
                        TTL);
        assertThat(server("a:80").locator().endpoints().current())
                .extracting(Endpoint::toString)
                .containsExactly("10.0.0.1:80");
    }

    @Test
    void aServerStaysTheSameOverLookups() {
        answer(record("a", 0, 1), record("b", 0, 2));
        LiveServer a = server("a:80");
        LiveServer b = server("b:80");
        nextAnswer(record("b", 5, 7), record("c", 5, 1), record("a", 5, 9));
        assertThat(server("a:80")).isSameAs(a);
        assertThat(server("b:80")).isSameAs(b);
        assertThat(shown()).containsExactly("a:80 READY 9", "b:80 READY 7", "c:80 READY 1");
        assertThat(inUse()).containsExactly("a:80", "b:80", "c:80");
    }

    @Test
    void aServerThatTheListHasIsNotAddedTwice() {
        UpstreamGroup both = group("a:80", NAME);
        answer(record("a", 0, 7), record("b", 0, 1));
        assertThat(shown(both)).containsExactly("a:80 READY 1", "b:80 READY 1");
        time.pass(TTL);
        answer(record("b", 0, 1));
        time.pass(LookedUpName.HELD);
        assertThat(shown(both)).as("the configuration has it").containsExactly("a:80 READY 1", "b:80 READY 1");
    }

    @Test
    void thereIsALimitOfServers() {
        SrvRecord[] many = new SrvRecord[UpstreamGroup.SERVERS_MAX + 5];
        for (int i = 0; i < many.length; i++) {
            many[i] = record("s" + i, 0, 1);
        }
        answer(many);
        // One place is that of the name.
        assertThat(shown()).hasSize(UpstreamGroup.SERVERS_MAX - 1);
        SrvRecord late = many[many.length - 1];
        nextAnswer(many[0], many[1], late);
        time.pass(LookedUpName.HELD);
        assertThat(shown())
                .as("the last one has a place now")
                .containsExactly("s0:80 READY 1", "s1:80 READY 1", late.address() + " READY 1");
        assertThat(metrics.scrape()).contains("server=\"s1:80\"").doesNotContain("server=\"s2:80\"");
    }

    @Test
    void theOnlyServerIsNeverLeftOut() {
        answer(record("a", 0, 1));
        connectFails("a:80");
        assertThat(server("a:80").backoff().isLeftOut()).isFalse();
    }

    @Test
    void serversOfLaterAnswersBeginSlowly() {
        UpstreamGroup slow = group(names, null, Optional.empty(), Optional.of(Duration.ofSeconds(16)), NAME);
        answer(record("a", 0, 1));
        assertThat(server(slow, "a:80").slowStart().steps()).isEqualTo(SlowStart.STEPS);
        time.pass(TTL);
        answer(record("a", 0, 1), record("b", 0, 1));
        assertThat(server(slow, "a:80").slowStart().steps()).isEqualTo(SlowStart.STEPS);
        assertThat(server(slow, "b:80").slowStart().steps()).isOne();
    }

    // ---- those that vanish ------------------------------------------------------------------------------------------

    @Test
    void aServerThatVanishesGetsNoNewRequestsAndIsRemovedLater() {
        answer(record("a", 0, 1), record("b", 0, 1));
        LiveServer a = server("a:80");
        a.began();
        nextAnswer(record("b", 0, 1));
        assertThat(inUse()).containsExactly("b:80");
        time.pass(LookedUpName.HELD.minusNanos(1));
        assertThat(a.state()).isEqualTo(ServerState.READY);
        time.pass(Duration.ofNanos(1));
        assertThat(a.state()).isEqualTo(ServerState.REMOVED);
        assertThat(group.servers().known()).as("its request is in flight").contains(a);
        a.ended();
        time.pass(Duration.ZERO);
        assertThat(group.servers().known()).doesNotContain(a);
        assertThat(metrics.scrape()).doesNotContain("server=\"a:80\"");
    }

    @Test
    void aServerThatIsMissingInOneAnswerIsTheSameAfterwards() {
        answer(record("a", 0, 1), record("b", 0, 1));
        LiveServer a = server("a:80");
        nextAnswer(record("b", 0, 1));
        nextAnswer(record("b", 0, 1), record("a", 0, 3));
        time.pass(LookedUpName.HELD);
        assertThat(server("a:80")).isSameAs(a);
        assertThat(a.weight()).isEqualTo(3);
        assertThat(inUse()).containsExactly("a:80", "b:80");
    }

    @Test
    void aServiceThatIsNotOfferedHasNoServers() {
        answer(record("a", 0, 1));
        nextAnswer(new SrvRecord(0, 0, 0, "."));
        assertThat(inUse()).containsExactly(NAME);
        assertThat(group.overview().servers().get(0).failure()).contains("it says that it has no servers");
        time.pass(LookedUpName.HELD);
        assertThat(shown()).containsExactly(NAME + " READY 1");
    }

    @Test
    void aFailureKeepsTheLastServersForAnHour() {
        answer(record("a", 0, 1));
        LiveServer a = server("a:80");
        time.pass(TTL);
        for (Duration past = TTL; past.compareTo(LookedUpName.KEPT) < 0; past = past.plus(HostLookup.REFRESH)) {
            Objects.requireNonNull(asked.poll()).failed("silence", false);
            assertThat(server("a:80")).isSameAs(a);
            time.pass(HostLookup.REFRESH);
        }
        Objects.requireNonNull(asked.poll()).failed("silence", false);
        assertThat(a.state()).isEqualTo(ServerState.REMOVED);
        assertThat(inUse()).containsExactly(NAME);
    }

    // ---- priorities -------------------------------------------------------------------------------------------------

    @Test
    void onlyTheLowestPriorityIsUsedAsLongAsOneOfItsServersCanBe() {
        answer(record("far", 20, 1), record("a", 10, 1), record("b", 10, 1));
        assertThat(inUse()).containsExactly("a:80", "b:80");
        connectFails("a:80");
        assertThat(inUse()).containsExactly("b:80");
        connectFails("b:80");
        assertThat(inUse()).containsExactly("far:80");
        assertThat(upstream.nextAfter(server("b:80").server()).address()).isEqualTo("far:80");
        time.pass(Duration.ofNanos(Backoff.FIRST_DELAY_NANOS));
        List<String> tried = List.of(
                upstream.next().address(),
                upstream.next().address(),
                upstream.next().address());
        assertThat(tried).as("one request each").containsExactly("a:80", "b:80", "far:80");
        group.servers().connected(server("b:80"));
        assertThat(inUse()).containsExactly("b:80");
    }

    /** A server of a greater priority that has failed is not tried while others are in use. */
    @Test
    void aServerOfAGreaterPriorityIsNotTriedWhileALowerOneIsUsed() {
        answer(record("a", 10, 1), record("far", 20, 1));
        connectFails("far:80");
        time.pass(Duration.ofMinutes(1));
        assertThat(inUse()).containsExactly("a:80");
    }

    @Test
    void aPriorityWhoseTargetsHaveNoAddressIsPassedOver() {
        unknownHosts.add("a.");
        answer(record("a", 1, 1), record("b", 2, 1));
        assertThat(inUse()).containsExactly("b:80");
        assertThat(group.overview().servers().get(0).failure()).isEqualTo("no address: no such host");
        unknownHosts.clear();
        time.pass(HostLookup.REFRESH);
        assertThat(inUse()).containsExactly("a:80");
    }

    @Test
    void aPriorityThatAnOperatorDrainsIsPassedOver() {
        answer(record("a", 1, 1), record("b", 2, 1));
        group.change(server("a:80"), ServerState.DRAIN);
        assertThat(inUse()).containsExactly("b:80");
    }

    @Test
    void theNextPriorityIsTheFirstWhenTheLowestHasVanished() {
        UpstreamGroup both = group("fixed:1", NAME);
        answer(record("a", 1, 1), record("b", 2, 1));
        assertThat(server(both, "b:80").place().rank()).isOne();
        time.pass(TTL);
        answer(record("b", 2, 1));
        assertThat(server(both, "b:80").place().rank()).as("beside fixed:1").isZero();
    }

    // ---- what an operator does --------------------------------------------------------------------------------------

    @Test
    void anOperatorsWeightGoesBeforeThatOfTheRecord() {
        answer(record("a", 0, 1), record("b", 0, 1));
        group.change(server("a:80"), 50);
        nextAnswer(record("a", 0, 7), record("b", 0, 7));
        assertThat(shown()).containsExactly("a:80 READY 50", "b:80 READY 7");
    }

    @Test
    void aServerThatAnOperatorRemovesStaysRemovedUntilItHasVanished() {
        answer(record("a", 0, 1), record("b", 0, 1));
        group.change(server("a:80"), ServerState.REMOVED);
        nextAnswer(record("a", 0, 2), record("b", 0, 1));
        assertThat(shown()).containsExactly("b:80 READY 1");
        nextAnswer(record("b", 0, 1));
        time.pass(LookedUpName.HELD);
        asked.clear();
        time.pass(TTL);
        assertThat(shown()).containsExactly("b:80 READY 1");
    }

    @Test
    void aServerThatIsAddedAgainIsTheNamesServerAgain() {
        answer(record("a", 1, 1), record("b", 2, 1));
        group.change(server("b:80"), ServerState.REMOVED);
        LiveServer again = Objects.requireNonNull(group.add("b:80", 4));
        assertThat(inUse()).as("b has its rank").containsExactly("a:80");
        List<ServerChange> changes = new ArrayList<>();
        group.changes(changes);
        assertThat(changes).containsExactly(new ServerChange("app", "b:80", ServerState.READY, 4, 1));
        nextAnswer(record("a", 1, 1));
        time.pass(LookedUpName.HELD);
        assertThat(again.state()).isEqualTo(ServerState.REMOVED);
    }

    // ---- sessions ---------------------------------------------------------------------------------------------------

    @Test
    void aSessionStaysWithItsServerOverLookupsUntilThatVanishes() {
        StickyConfig config = new StickyConfig("sid", "/", Optional.empty(), false, StickyConfig.SameSite.LAX);
        UpstreamGroup sticky = group(names, config, NAME);
        answer(record("a", 0, 1), record("b", 0, 1));
        String cookie = Objects.requireNonNull(
                sticky.servers().sessionCookie(server(sticky, "b:80").server(), RequestFacts.NONE));
        RequestFacts request = new RequestFacts() {
            @Override
            public @Nullable SocketAddress clientAddress() {
                return null;
            }

            @Override
            public String cookie(String name) {
                return cookie.substring(cookie.indexOf('=') + 1, cookie.indexOf(';'));
            }
        };
        time.pass(TTL);
        answer(record("b", 0, 9), record("a", 0, 1));
        for (int i = 0; i < 4; i++) {
            assertThat(sticky.servers().next(request).address()).isEqualTo("b:80");
        }
        time.pass(TTL);
        answer(record("a", 0, 1));
        assertThat(sticky.servers().next(request).address()).isEqualTo("a:80");
    }

    // ---- from one process to the next -------------------------------------------------------------------------------

    @Test
    void whatAnOperatorDidIsDoneAgainInTheNextProcessWhenTheServerIsFound() {
        answer(record("a", 0, 1), record("b", 0, 1), record("c", 0, 1), record("d", 0, 1));
        group.change(server("a:80"), ServerState.DRAIN);
        group.change(server("b:80"), 9);
        group.change(server("c:80"), ServerState.REMOVED);
        time.pass(Duration.ZERO);
        List<ServerChange> changes = new ArrayList<>();
        group.changes(changes);
        assertThat(changes)
                .containsExactlyInAnyOrder(
                        new ServerChange("app", "a:80", ServerState.DRAIN, 1, 1),
                        new ServerChange("app", "b:80", ServerState.READY, 9, 1),
                        new ServerChange("app", "c:80", ServerState.REMOVED, 1, 1));

        asked.clear();
        UpstreamGroup next = group(new HostNames(names.lookup(), time, time::nanoTime), null, NAME);
        changes.forEach(each -> assertThat(next.found().carry(each)).isTrue());
        List<ServerChange> again = new ArrayList<>();
        next.changes(again);
        assertThat(again).as("for the process after that").containsExactlyInAnyOrderElementsOf(changes);
        answer(record("a", 0, 3), record("b", 0, 3), record("c", 0, 3), record("d", 0, 3));
        assertThat(shown(next)).containsExactly("a:80 DRAIN 3", "b:80 READY 9", "d:80 READY 3");
        again.clear();
        next.changes(again);
        assertThat(again)
                .containsExactlyInAnyOrder(
                        new ServerChange("app", "a:80", ServerState.DRAIN, 3, 3),
                        new ServerChange("app", "b:80", ServerState.READY, 9, 3),
                        new ServerChange("app", "c:80", ServerState.REMOVED, 3, 3));
    }

    /** The process before has found it down: it gets no requests here, from the first on. */
    @Test
    void aServerThatWasDownIsDownWhenItIsFound() {
        UpstreamGroup checked = checked();
        checked.assumeDown(new ServerDown("app", "a:80", 5000, "refused"));
        answer(record("a", 0, 1), record("b", 0, 1));
        for (int i = 0; i < 4; i++) {
            assertThat(checked.servers().next(RequestFacts.NONE).address()).isEqualTo("b:80");
        }
        ServerSnapshot row = checked.overview().servers().get(0);
        assertThat(row.health()).isEqualTo(ServerHealth.DOWN);
        assertThat(row.healthMs()).isEqualTo(5000);
        List<ServerDown> downs = new ArrayList<>();
        checked.downs(downs);
        assertThat(downs)
                .as("for the process after that")
                .containsExactly(new ServerDown("app", "a:80", 5000, "refused"));
    }

    @Test
    void aServerThatWasDownAndIsFoundAlreadyIsDown() {
        UpstreamGroup checked = checked();
        answer(record("a", 0, 1), record("b", 0, 1));
        checked.assumeDown(new ServerDown("app", "a:80", 5000, "refused"));
        assertThat(checked.servers().next(RequestFacts.NONE).address()).isEqualTo("b:80");
    }

    private UpstreamGroup checked() {
        return group(
                names, null, Optional.of(CheckConfig.of(CheckConfig.Type.TCP, TTL, TTL, 2, 3)), Optional.empty(), NAME);
    }

    /** Checks at another port look the same name up, and let it go with the server. */
    @Test
    void theNameOfAServerIsLetGoOfWithItsChecksAtAnotherPort() {
        Optional<String> none = Optional.empty();
        CheckConfig check =
                new CheckConfig(CheckConfig.Type.TCP, TTL, TTL, 2, 3, Optional.of(9), none, none, none, none);
        UpstreamGroup checked = group(names, null, Optional.of(check), Optional.empty(), "other:1", NAME);
        answer(record("a", 0, 1));
        assertThat(hostsAsked).containsExactly("other", "a.");
        nextAnswer(new SrvRecord(0, 0, 0, "."));
        time.pass(LookedUpName.HELD);
        hostsAsked.clear();
        time.pass(LookedUpName.VALID_MAX);
        assertThat(hostsAsked).contains("other").doesNotContain("a.");
        assertThat(shown(checked)).containsExactly("other:1 READY 1", NAME + " READY 1");
    }

    @Test
    void whatWasDoneToAServerThatIsNotFoundIsForgotten() {
        assertThat(group.found().carry(new ServerChange("app", "a:80", ServerState.DRAIN, 1, 1)))
                .isTrue();
        answer(record("b", 0, 1));
        time.pass(LookedUpName.HELD);
        answer(record("b", 0, 1), record("a", 0, 1));
        assertThat(shown()).containsExactly("b:80 READY 1", "a:80 READY 1");
    }
}
