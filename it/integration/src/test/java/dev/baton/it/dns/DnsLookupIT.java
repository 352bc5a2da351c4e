package dev.baton.it.dns;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.it.Pollers;
import dev.baton.it.dns.ScriptedDns.Line;
import dev.baton.runtime.channel.FdDatagramChannel;
import dev.baton.runtime.channel.PinnedSocketChannel;
import dev.baton.runtime.dns.DnsLookup;
import dev.baton.runtime.metrics.Meters;
import dev.baton.runtime.upstream.HostLookup;
import dev.baton.runtime.upstream.HostLookup.Enclosed;
import dev.baton.runtime.upstream.SrvRecord;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.testkit.TestLoops;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Names are looked up in the machine's order: hosts file, DNS, the system's resolver. */
@Timeout(60)
class DnsLookupIT {
    @TempDir
    private Path folder;

    private final ExecutorService worker = Executors.newCachedThreadPool();
    private final Queue<Runnable> timer = new ConcurrentLinkedQueue<>();
    private final Queue<String> askedOfTheSystem = new ConcurrentLinkedQueue<>();
    private final Meters metrics = new Meters();
    private TestLoops loops = TestLoops.start(Pollers.chosen(), 1);
    private ScriptedDns dns;

    /** What a lookup has brought: addresses and how long they are valid, or why there are none. */
    private record Told(List<String> addresses, Duration valid, String failure, boolean noSuchName) {}

    @BeforeEach
    void listen() throws IOException {
        dns = new ScriptedDns();
        file("resolv.conf", "options timeout:1 attempts:1");
        file("hosts", "127.0.0.1 localhost");
        file("nsswitch.conf", "hosts: files dns");
    }

    @AfterEach
    void close() throws IOException {
        dns.close();
        loops.close();
        worker.shutdownNow();
    }

    private void file(String name, String... lines) throws IOException {
        Files.write(folder.resolve(name), List.of(lines));
    }

    /** The system's resolver: knows one name. */
    private void system(String host, HostLookup.Reply reply) {
        askedOfTheSystem.add(host);
        if (host.startsWith("printer")) {
            reply.found(List.of(InetAddress.getLoopbackAddress()));
        } else {
            reply.failed("the system does not know it", false);
        }
    }

    private DnsLookup lookup(InetSocketAddress... servers) {
        return new DnsLookup(
                folder,
                List.of(servers),
                new DnsLookup.Transport(
                        loops.loop(0),
                        () -> new FdDatagramChannel(loops.env()),
                        () -> new PinnedSocketChannel(loops.env())),
                this::system,
                worker,
                (delay, task) -> timer.add(task),
                metrics);
    }

    private static CompletableFuture<Told> ask(DnsLookup lookup, String name) {
        CompletableFuture<Told> told = new CompletableFuture<>();
        lookup.lookUp(name, new HostLookup.Reply() {
            @Override
            public void found(List<InetAddress> addresses, Duration valid) {
                told.complete(new Told(
                        addresses.stream().map(InetAddress::getHostAddress).toList(), valid, "", false));
            }

            @Override
            public void failed(String why, boolean noSuchName) {
                told.complete(new Told(List.of(), Duration.ZERO, why, noSuchName));
            }
        });
        return told;
    }

    private Told told(String name) throws Exception {
        return ask(lookup(dns.address()), name).get(20, TimeUnit.SECONDS);
    }

    private static Told found(int ttl, String... addresses) {
        return new Told(List.of(addresses), Duration.ofSeconds(ttl), "", false);
    }

    private long found(String where) {
        return metrics.counter("baton_name_lookups_total", "", "found", where).count();
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void shouldTakeTheLeastTtlOfAddressesAndAliases(PollerProvider poller) throws Exception {
        loops.close();
        loops = TestLoops.start(poller, 1);
        dns.is("plain.test", 90, "10.0.0.1", "10.0.0.2", "fd00::1");
        assertThat(told("plain.test")).isEqualTo(found(90, "10.0.0.1", "10.0.0.2", "fd00:0:0:0:0:0:0:1"));
        dns.has(
                "alias.test",
                new Line("alias.test", 60, "Cdn.test"),
                new Line("cdn.test", 7, "edge.test"),
                new Line("edge.test", 30, "10.0.0.3"),
                new Line("other.test", 1, "10.0.0.4"));
        assertThat(told("alias.test")).isEqualTo(found(7, "10.0.0.3"));
        assertThat(found("dns")).isEqualTo(2);
        assertThat(askedOfTheSystem).isEmpty();
    }

    @Test
    void shouldFollowNoAliasRoundInCircles() throws Exception {
        dns.has("ring.test", new Line("ring.test", 60, "gnir.test"), new Line("gnir.test", 60, "ring.test"));
        assertThat(told("ring.test").noSuchName).isTrue();
    }

    @Test
    void shouldLookIntoTheHostsFileFirstAndSeeItChange() throws Exception {
        dns.is("app.test", 90, "10.0.0.1");
        file("hosts", "10.0.0.7 App.test", "fd00::7 app.test");
        DnsLookup lookup = lookup(dns.address());
        assertThat(ask(lookup, "app.test").get(20, TimeUnit.SECONDS))
                .isEqualTo(found(5, "10.0.0.7", "fd00:0:0:0:0:0:0:7"));
        assertThat(dns.asked).isEmpty();
        file("hosts", "10.0.0.8 other.test");
        assertThat(ask(lookup, "app.test").get(20, TimeUnit.SECONDS)).isEqualTo(found(90, "10.0.0.1"));
        assertThat(found("hosts")).isEqualTo(1);
    }

    @Test
    void shouldGoToTcpWithAnAnswerThatIsTruncated() throws Exception {
        dns.isLong("many.test", 90, "10.0.0.1", "10.0.0.2");
        assertThat(told("many.test")).isEqualTo(found(90, "10.0.0.1", "10.0.0.2"));
        assertThat(dns.asked).contains("udp A many.test", "tcp A many.test");
    }

    @Test
    void shouldAskTheSystemForANameThatDnsDoesNotKnow() throws Exception {
        assertThat(told("printer.test")).isEqualTo(found(5, "127.0.0.1"));
        assertThat(found("system")).isEqualTo(1);
        Told unknown = told("unknown.test");
        assertThat(unknown.noSuchName).as("DNS is sure").isTrue();
        assertThat(unknown.failure).contains("no name server knows it").contains("the system does not know it");
        assertThat(found("nowhere")).isEqualTo(1);
        dns.is("empty.test", 90);
        assertThat(told("empty.test").noSuchName)
                .as("a name without an address")
                .isTrue();
    }

    @Test
    void shouldTellAnErrorFromANameThatIsNotThere() throws Exception {
        dns.refuses("broken.test", 2);
        Told told = told("broken.test");
        assertThat(told.noSuchName).isFalse();
        assertThat(told.failure)
                .contains("ServFail")
                .contains("127.0.0.1:" + dns.address().getPort());
    }

    @Test
    void shouldAskTheNextServerAndStayWithTheOneThatAnswers() throws Exception {
        try (ScriptedDns silent = new ScriptedDns();
                ScriptedDns broken = new ScriptedDns()) {
            silent.isSilent("app.test");
            broken.refuses("app.test", 5);
            dns.is("app.test", 90, "10.0.0.1");
            DnsLookup lookup = lookup(silent.address(), broken.address(), dns.address());
            for (int i = 0; i < 2; i++) {
                assertThat(ask(lookup, "app.test").get(20, TimeUnit.SECONDS)).isEqualTo(found(90, "10.0.0.1"));
            }
            assertThat(silent.asked).as("IPv4 and IPv6, once").hasSize(2);
            assertThat(broken.asked).hasSize(2);
            assertThat(dns.asked).hasSize(4);
        }
    }

    @Test
    void shouldAskSilentServersAsOftenAsTheFileSaysAndThenTheSystem() throws Exception {
        file("resolv.conf", "options timeout:1 attempts:2");
        dns.isSilent("app.test");
        Told told = told("app.test");
        assertThat(told.noSuchName).isFalse();
        assertThat(told.failure)
                .contains("no answer of 127.0.0.1:" + dns.address().getPort());
        assertThat(dns.asked).as("IPv4 and IPv6, twice").hasSize(4);
        assertThat(askedOfTheSystem).containsExactly("app.test");
    }

    @Test
    void shouldAskForIpv4AloneWhereTheFileSaysSo() throws Exception {
        file("resolv.conf", "options no-aaaa");
        dns.is("app.test", 90, "10.0.0.1", "fd00::1");
        assertThat(told("app.test")).isEqualTo(found(90, "10.0.0.1"));
        assertThat(dns.asked).containsExactly("udp A app.test");
    }

    /** Half of an answer is used, but not for as long as its TTL says: the other half may be there again soon. */
    @Test
    void shouldAskAgainSoonForTheTypeThatFailed() throws Exception {
        dns.is("app.test", 90, "10.0.0.1", "fd00::1");
        dns.isSilentForIpv6("app.test");
        assertThat(told("app.test")).isEqualTo(found(5, "10.0.0.1"));
    }

    @ParameterizedTest
    @CsvSource({
        "app, app.a.test app.b.test app",
        "app.x, app.x.a.test app.x.b.test app.x",
        "app.x.y, app.x.y app.x.y.a.test app.x.y.b.test",
        "app.x., app.x"
    })
    void shouldTryTheSearchListAsTheSystemDoes(String name, String names) throws Exception {
        file("resolv.conf", "search a.test b.test", "options ndots:2 no-aaaa");
        told(name);
        assertThat(dns.asked)
                .containsExactlyElementsOf(
                        Stream.of(names.split(" ")).map(each -> "udp A " + each).toList());
    }

    @ParameterizedTest
    @CsvSource({"'hosts: files mymachines', app.test", "'hosts: files mdns4_minimal [NOTFOUND=return] dns', app.local"})
    void shouldLeaveANameToTheSystemThatDnsIsNotFor(String hosts, String name) throws Exception {
        file("nsswitch.conf", hosts);
        dns.is(name, 90, "10.0.0.1");
        // No server of the configuration's: that would be asked although this machine does not use DNS.
        ask(lookup(), name).get(20, TimeUnit.SECONDS);
        assertThat(askedOfTheSystem).containsExactly(name);
        assertThat(dns.asked).isEmpty();
        assertThat(timer).as("no lookup of DNS").isEmpty();
    }

    @Test
    void shouldNotWaitForABlockedLoop() throws Exception {
        CountDownLatch blocked = new CountDownLatch(1);
        try {
            loops.loop(0).execute(() -> {
                try {
                    blocked.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            CompletableFuture<Told> told = ask(lookup(dns.address()), "printer.test");
            Runnable limit;
            while ((limit = timer.poll()) == null) {
                Thread.onSpinWait();
            }
            assertThat(told).isNotDone();
            limit.run();
            assertThat(told.get(20, TimeUnit.SECONDS)).isEqualTo(found(5, "127.0.0.1"));
        } finally {
            blocked.countDown();
        }
    }

    // ---- services ---------------------------------------------------------------------------------------------------

    /** What a lookup of a service has brought, or why there is nothing. */
    private record Servers(
            List<SrvRecord> servers, Map<String, Enclosed> hosts, Duration valid, String failure, boolean noSuchName) {}

    private Servers servers(String name) throws Exception {
        CompletableFuture<Servers> told = new CompletableFuture<>();
        lookup(dns.address()).lookUpService(name, new HostLookup.ServiceReply() {
            @Override
            public void found(List<SrvRecord> servers, Map<String, Enclosed> hosts, Duration valid) {
                told.complete(new Servers(servers, hosts, valid, "", false));
            }

            @Override
            public void failed(String why, boolean noSuchName) {
                told.complete(new Servers(List.of(), Map.of(), Duration.ZERO, why, noSuchName));
            }
        });
        return told.get(20, TimeUnit.SECONDS);
    }

    @Test
    void theServersOfAServiceAreFoundAndTheAddressesThatComeAlong() throws Exception {
        dns.serves(
                "_http._tcp.shop.test",
                90,
                List.of(
                        new Line("a.shop.test", 30, "10.0.0.1"),
                        new Line("a.shop.test", 20, "::1"),
                        new Line("other.test", 30, "10.0.0.9")),
                "0 10 8080 A.shop.test",
                "5 65535 65535 b.shop.test");
        Servers told = servers("_http._tcp.shop.test");
        assertThat(told.servers)
                .containsExactly(
                        new SrvRecord(0, 10, 8080, "a.shop.test"), new SrvRecord(5, 65535, 65535, "b.shop.test"));
        assertThat(told.valid).isEqualTo(Duration.ofSeconds(90));
        assertThat(told.hosts).containsOnlyKeys("a.shop.test");
        assertThat(told.hosts.get("a.shop.test"))
                .isEqualTo(new Enclosed(
                        List.of(
                                InetAddress.getByAddress(new byte[] {10, 0, 0, 1}),
                                InetAddress.getByAddress(new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1})),
                        Duration.ofSeconds(20)));
        assertThat(dns.asked).containsExactly("udp SRV _http._tcp.shop.test");
        assertThat(metrics.counter("baton_name_lookups_total", "", "found", "dns")
                        .count())
                .isOne();
    }

    @Test
    void aServiceIsFoundBehindAnAliasInADomainOfTheSearchListAndWithoutIpv6() throws Exception {
        file("resolv.conf", "search none.test shop.test", "options ndots:3 timeout:1 attempts:1 no-aaaa");
        dns.has(
                "_http._tcp.web.shop.test",
                new Line("_http._tcp.web.shop.test", 7, "_http._tcp.pool.test"),
                new Line("_http._tcp.pool.test", 60, "0 0 80 a.test"));
        assertThat(servers("_http._tcp.web"))
                .isEqualTo(new Servers(
                        List.of(new SrvRecord(0, 0, 80, "a.test")), Map.of(), Duration.ofSeconds(7), "", false));
        dns.serves("_x._tcp.shop.test", 60, List.of(new Line("a.test", 60, "::1")), "0 0 80 a.test");
        assertThat(servers("_x._tcp.shop.test").hosts).isEmpty();
    }

    @Test
    void theAnswerOfAServiceThatIsNotOfferedSaysSo() throws Exception {
        dns.serves("_http._tcp.shop.test", 60, "0 0 0 .");
        assertThat(servers("_http._tcp.shop.test").servers).containsExactly(new SrvRecord(0, 0, 0, ""));
    }

    @Test
    void aServiceOfManyServersIsAskedForOverTcp() throws Exception {
        dns.servesLong("_http._tcp.shop.test", 60, "0 1 80 a.test", "0 1 80 b.test");
        assertThat(servers("_http._tcp.shop.test").servers).hasSize(2);
        assertThat(dns.asked).containsExactly("udp SRV _http._tcp.shop.test", "tcp SRV _http._tcp.shop.test");
    }

    /** The system's resolver knows no services: it is not asked. */
    @Test
    void aServiceThatIsNotFoundSaysWhetherThereIsNone() throws Exception {
        Servers unknown = servers("_http._tcp.shop.test");
        assertThat(unknown.failure).isEqualTo("_http._tcp.shop.test: no name server knows it");
        assertThat(unknown.noSuchName).isTrue();
        dns.refuses("_http._tcp.shop.test", 2);
        assertThat(servers("_http._tcp.shop.test").failure).startsWith("ServFail(2) of 127.0.0.1:");
        dns.isSilent("_http._tcp.shop.test");
        Servers silent = servers("_http._tcp.shop.test");
        assertThat(silent.failure).startsWith("no answer of");
        assertThat(silent.noSuchName).isFalse();
        assertThat(askedOfTheSystem).isEmpty();
    }

    @Test
    void dnsIsAskedForServicesWhateverTheMachineSaysOfHosts() throws Exception {
        file("nsswitch.conf", "hosts: files");
        dns.serves("_http._tcp.shop.test", 60, "0 1 80 a.test");
        assertThat(servers("_http._tcp.shop.test").servers).hasSize(1);
    }
}
