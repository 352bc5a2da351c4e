package dev.baton.plugin.balancers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.spi.config.WrongValueException;
import dev.baton.spi.upstream.BalancedServer;
import dev.baton.spi.upstream.Balancer;
import dev.baton.spi.upstream.RequestFacts;
import dev.baton.spi.upstream.ServerChoice;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What each balancer does with the figures of its servers. */
class BalancersTest {

    private static List<BalancedServer> servers(int... weights) {
        List<BalancedServer> servers = new ArrayList<>();
        for (int weight : weights) {
            servers.add(new FakeServer(servers.size(), weight));
        }
        return servers;
    }

    private static String next(ServerChoice choice, int count) {
        StringBuilder chosen = new StringBuilder();
        for (int i = 0; i < count; i++) {
            chosen.append((char) ('A' + choice.choose(RequestFacts.NONE)));
        }
        return chosen.toString();
    }

    private static int[] counts(ServerChoice choice, int servers, List<RequestFacts> requests) {
        int[] counts = new int[servers];
        requests.forEach(each -> counts[choice.choose(each)]++);
        return counts;
    }

    // ---- round-robin ------------------------------------------------------------------------------------------------

    @Test
    void roundRobinSpreadsTheTurnsOfAHeavyServer() {
        ServerChoice choice = new RoundRobin().over(servers(5 * 256, 256, 256));
        assertThat(next(choice, 14)).isEqualTo("AAABCAAAAABCAA");
    }

    @Test
    void roundRobinTakesTurnsWhereAllWeightsAreEqual() {
        assertThat(next(new RoundRobin().over(servers(768, 768, 768)), 6)).isEqualTo("ABCABC");
        assertThat(Schedule.of(servers(768, 768, 768)).length()).isEqualTo(3);
    }

    @Test
    void roundRobinContinuesWhenTheServersChange() {
        RoundRobin balancer = new RoundRobin();
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < 4; i++) {
            all.append(next(balancer.over(servers(1, 1)), 1));
        }
        assertThat(all.toString())
                .as("servers that flap do not give all requests to the first")
                .isEqualTo("ABAB");
    }

    @Test
    void aScheduleIsBoundedAndKeepsTheShares() {
        int[] weights = new int[256];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = i % 2 == 0 ? 65_521 : 32_749; // primes: nothing to be divided by
        }
        Schedule schedule = Schedule.of(servers(weights));
        assertThat(schedule.length()).isBetween(Schedule.TURNS_MAX / 2, Schedule.TURNS_MAX);
        int even = 0;
        for (int i = 0; i < schedule.length(); i++) {
            even += schedule.at(i) % 2 == 0 ? 1 : 0;
        }
        assertThat(even / (double) schedule.length()).isBetween(0.66, 0.68);
    }

    @Test
    void aScheduleHasAllTurnsOfEachServer() {
        int[] turns = new int[3];
        next(new RoundRobin().over(servers(256, 2 * 256, 3 * 256)), 6).chars().forEach(each -> turns[each - 'A']++);
        assertThat(turns).containsExactly(1, 2, 3);
    }

    @Test
    void aScheduleWrapsAtTheEndOfTheNumbers() {
        Schedule schedule = Schedule.of(servers(1, 1, 1));
        assertThat(schedule.at(Integer.MIN_VALUE)).isBetween(0, 2);
        assertThat(schedule.at(-1)).as("before the first is the last").isEqualTo(2);
    }

    // ---- least-requests ---------------------------------------------------------------------------------------------

    @Test
    void leastRequestsChoosesTheServerWithTheFewestForItsWeight() {
        FakeServer a = new FakeServer(0, 256);
        FakeServer b = new FakeServer(1, 4 * 256);
        FakeServer c = new FakeServer(2, 256);
        ServerChoice choice = new LeastRequests().over(List.of(a, b, c));
        a.inFlight = 2;
        b.inFlight = 7;
        c.inFlight = 3;
        assertThat(next(choice, 4)).isEqualTo("BBBB");
        b.inFlight = 9;
        assertThat(next(choice, 4)).isEqualTo("AAAA");
    }

    @Test
    void leastRequestsComparesEachServerWithTheLeastSoFar() {
        FakeServer a = new FakeServer(0, 256);
        FakeServer b = new FakeServer(1, 256);
        FakeServer c = new FakeServer(2, 256);
        a.inFlight = 5;
        b.inFlight = 1;
        c.inFlight = 3;
        assertThat(next(new LeastRequests().over(List.of(a, b, c)), 3)).isEqualTo("BBB");
        a.inFlight = 3;
        b.inFlight = 3;
        assertThat(next(new LeastRequests().over(List.of(a, b, c)), 6))
                .as("equals in turn")
                .isEqualTo("ABCABC");
    }

    @Test
    void leastRequestsTakesTurnsByWeightWhereAllAreIdle() {
        String chosen = next(new LeastRequests().over(servers(3 * 256, 256)), 8);
        assertThat(chosen.chars().filter(each -> each == 'A')).hasSize(6);
    }

    // ---- two-choices ------------------------------------------------------------------------------------------------

    @Test
    void twoChoicesPrefersTheServerThatAnswersFirst() {
        FakeServer fast = new FakeServer(0, 256);
        FakeServer slow = new FakeServer(1, 256);
        fast.latencyNanos = 1_000_000;
        slow.latencyNanos = 20_000_000;
        ServerChoice choice = new TwoChoices().over(List.of(slow, fast));
        assertThat(next(choice, 20)).isEqualTo("B".repeat(20));
        fast.inFlight = 30;
        assertThat(next(choice, 20)).as("until it has too much to do").isEqualTo("A".repeat(20));
    }

    @Test
    void twoChoicesDoesNotFloodAServerOfWhichNothingIsKnown() {
        FakeServer known = new FakeServer(0, 256);
        FakeServer fresh = new FakeServer(1, 256);
        known.latencyNanos = 5_000_000;
        known.inFlight = 3;
        assertThat(TwoChoices.isBetter(fresh, known)).isTrue();
        fresh.inFlight = 4;
        assertThat(TwoChoices.isBetter(fresh, known)).isFalse();
        assertThat(TwoChoices.isBetter(known, fresh)).isTrue();
    }

    @Test
    void twoChoicesLetsAHeavyServerHaveMore() {
        FakeServer heavy = new FakeServer(0, 3 * 256);
        FakeServer light = new FakeServer(1, 256);
        heavy.inFlight = 4;
        light.inFlight = 1;
        assertThat(TwoChoices.isBetter(heavy, light)).isTrue();
        heavy.inFlight = 5;
        assertThat(TwoChoices.isBetter(heavy, light))
                .as("as much for its weight")
                .isFalse();
        assertThat(TwoChoices.isBetter(light, heavy)).isFalse();
        heavy.inFlight = 6;
        assertThat(TwoChoices.isBetter(light, heavy)).isTrue();
    }

    @Test
    void twoChoicesReachesEveryServer() {
        String chosen = next(new TwoChoices().over(servers(256, 256, 256, 256)), 400);
        assertThat(chosen).contains("A", "B", "C", "D");
    }

    // ---- consistent hash --------------------------------------------------------------------------------------------

    private static RequestFacts from(int client, int port) {
        InetSocketAddress address = new InetSocketAddress("10.1." + (client >> 8 & 255) + "." + (client & 255), port);
        return () -> address;
    }

    private static List<RequestFacts> clients() {
        List<RequestFacts> clients = new ArrayList<>();
        for (int i = 0; i < 4_000; i++) {
            clients.add(from(i, 1_000 + i));
        }
        return clients;
    }

    private static Balancer byClient() {
        return new ConsistentHash.ByClient().create(new NoKeys());
    }

    @Test
    void aClientKeepsItsServerWhateverItsPort() {
        ServerChoice choice = byClient().over(servers(256, 256, 256));
        for (int i = 0; i < 50; i++) {
            assertThat(choice.choose(from(i, 1))).isEqualTo(choice.choose(from(i, 2)));
        }
    }

    @Test
    void everyServerHasItsShareOfTheClients() {
        int[] even = counts(byClient().over(servers(256, 256, 256, 256)), 4, clients());
        for (int each : even) {
            assertThat(each).isBetween(850, 1_150);
        }
        int[] weighted = counts(byClient().over(servers(256, 3 * 256)), 2, clients());
        assertThat(weighted[1]).isBetween(2_850, 3_150);
    }

    @Test
    void onlyTheClientsOfAServerThatGoesMove() {
        List<BalancedServer> all = servers(256, 256, 256, 256);
        ServerChoice before = byClient().over(all);
        ServerChoice after = byClient().over(all.subList(0, 3));
        for (RequestFacts each : clients()) {
            int had = before.choose(each);
            if (had < 3) {
                assertThat(after.choose(each)).isEqualTo(had);
            }
        }
    }

    @Test
    void aGreaterWeightOnlyAttractsClients() {
        ServerChoice before = byClient().over(servers(256, 512, 256));
        ServerChoice after = byClient().over(servers(256, 768, 256));
        for (RequestFacts each : clients()) {
            int has = after.choose(each);
            assertThat(has == 1 || has == before.choose(each)).isTrue();
        }
    }

    private static RequestFacts with(String name, String value) {
        return new RequestFacts() {
            @Override
            public @Nullable SocketAddress clientAddress() {
                return null;
            }

            @Override
            public @Nullable String field(String asked) {
                return asked.equalsIgnoreCase(name) ? value : null;
            }
        };
    }

    @Test
    void fieldsAndCookiesDecideWhereTheyAreConfigured() {
        ServerChoice byField = new ConsistentHash.ByField()
                .create(new FieldKeys("x-tenant"))
                .over(servers(256, 256, 256, 256, 256, 256, 256));
        ServerChoice byCookie = new ConsistentHash.ByCookie()
                .create(new CookieKeys("sid"))
                .over(servers(256, 256, 256, 256, 256, 256, 256));
        for (int i = 0; i < 50; i++) {
            int chosen = byField.choose(with("X-Tenant", "t" + i));
            assertThat(byField.choose(with("x-tenant", "t" + i))).isEqualTo(chosen);
            assertThat(byCookie.choose(with("cookie", "a=b; sid=t" + i + "; c=d")))
                    .isEqualTo(chosen);
        }
    }

    /** Every version chooses alike: else an upgrade would move clients. */
    @Test
    void theHashesStayTheSame() {
        assertThat(hashed(servers(256, 256, 256, 256, 256)))
                .isEqualTo("CACCADBDBABEBDDCBCEB CCBEB CDCCEACAABBCAAAADADA");
        assertThat(hashed(servers(256, 512, 768, 1024, 1280)))
                .isEqualTo("CBCCADBDBCBEBDDCCCEB CCEEB CDCCEECEEBBDEDADDADA");
    }

    /** The choices for IPv4 clients, for IPv6 clients and for values of a field. */
    private static String hashed(List<BalancedServer> servers) {
        ServerChoice client = byClient().over(servers);
        ServerChoice field =
                new ConsistentHash.ByField().create(new FieldKeys("x")).over(servers);
        StringBuilder chosen = new StringBuilder();
        for (int i = 0; i < 20; i++) {
            chosen.append((char) ('A' + client.choose(from(i, 1))));
        }
        chosen.append(' ');
        for (int i = 0; i < 5; i++) {
            InetSocketAddress address = new InetSocketAddress("2001:db8::" + i, 1);
            chosen.append((char) ('A' + client.choose(() -> address)));
        }
        chosen.append(' ');
        for (int i = 0; i < 20; i++) {
            chosen.append((char) ('A' + field.choose(with("x", "t" + i))));
        }
        return chosen.toString();
    }

    @Test
    void requestsWithoutTheKeyGoInTurn() {
        ServerChoice choice =
                new ConsistentHash.ByField().create(new FieldKeys("x-tenant")).over(servers(256, 256, 256));
        assertThat(next(choice, 6)).isEqualTo("ABCABC");
        assertThat(next(byClient().over(servers(256, 256)), 4)).isEqualTo("ABAB");
    }

    @Test
    void whatCannotBeANameIsRefused() {
        assertThatThrownBy(() -> new FieldKeys("x tenant")).isInstanceOf(WrongValueException.class);
        assertThatThrownBy(() -> new CookieKeys("")).isInstanceOf(WrongValueException.class);
    }
}
