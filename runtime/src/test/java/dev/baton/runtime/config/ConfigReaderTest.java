package dev.baton.runtime.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.runtime.config.TestVocabulary.Admin;
import dev.baton.runtime.config.TestVocabulary.Census;
import dev.baton.runtime.config.TestVocabulary.Chooser;
import dev.baton.runtime.config.TestVocabulary.Even;
import dev.baton.runtime.config.TestVocabulary.Gate;
import dev.baton.runtime.config.TestVocabulary.Mode;
import dev.baton.runtime.config.TestVocabulary.Proxy;
import dev.baton.runtime.config.TestVocabulary.Retry;
import dev.baton.runtime.config.TestVocabulary.Slowly;
import dev.baton.runtime.config.TestVocabulary.Stamp;
import dev.baton.spi.config.ByteRate;
import dev.baton.spi.config.ByteSize;
import dev.baton.spi.config.Choice;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.NotEmpty;
import dev.baton.spi.config.Percent;
import dev.baton.spi.config.Range;
import dev.baton.spi.config.Rate;
import dev.baton.spi.config.WrongValueException;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpFilterOptions;
import dev.baton.spi.http.HttpFilterOptions.OnFailure;
import dev.baton.spi.http.HttpHandler;
import dev.baton.spi.pool.Sharing;
import dev.baton.spi.upstream.UpstreamProtocol;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigReaderTest {

    private static RootConfig read(String text) throws ConfigException {
        return ConfigReader.parse("f", text, Path.of("/")).read(new TestVocabulary());
    }

    @Test
    void readsTheExampleOfThePage() throws ConfigException {
        RootConfig root = read("""
                version: 1
                loops: 2                          # default: the processors
                poller: epoll                     # default: the best available
                grace: 30s
                admin: { listen: "127.0.0.1:9902" }
                listeners:
                  web: { bind: "127.0.0.1:8080", service: shop }
                  raw: { bind: "127.0.0.1:8090", service: shop, max-connections: 10000, unbind: at-once, backlog: 5 }
                services:
                  shop: { type: http-proxy, upstream: app }
                upstreams:
                  app:
                    servers: ["127.0.0.1:9001", "[::1]:9002", "listener:web"]
                    connect-timeout: 3s
                    pool: { idle-max: 8, idle-timeout: 90s, sharing: per-loop }
                """);

        assertThat(root)
                .isEqualTo(new RootConfig(
                        LoopCount.of(2),
                        Optional.of("epoll"),
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(15),
                        Optional.empty(),
                        new MemoryConfig(new Percent(30), new Percent(50)),
                        new WorkersConfig(Optional.empty(), 1024),
                        Optional.empty(),
                        Optional.empty(),
                        Map.of(
                                "web",
                                        new ListenerConfig(
                                                "127.0.0.1:8080", "shop", Variant.of("drain"), 4096, Optional.empty()),
                                "raw",
                                        new ListenerConfig(
                                                "127.0.0.1:8090",
                                                "shop",
                                                Variant.of("at-once"),
                                                5,
                                                Optional.of(10000))),
                        Map.of(
                                "shop",
                                new ServiceConfig(
                                        "http-proxy",
                                        new Proxy(
                                                "app",
                                                Duration.ofSeconds(30),
                                                new ByteSize(65536),
                                                true,
                                                0.5,
                                                Optional.empty(),
                                                List.of(),
                                                Map.of(),
                                                new Retry(1, Mode.FAST)))),
                        Map.of(
                                "app",
                                new UpstreamConfig(
                                        List.of("127.0.0.1:9001", "[::1]:9002", "listener:web"),
                                        Duration.ofSeconds(3),
                                        new PoolConfig(
                                                8, Duration.ofSeconds(90), Sharing.PER_LOOP, Variant.of("takeover")))),
                        new ResolverConfig(List.of()),
                        new PluginsConfig(List.of(), List.of(), List.of(), List.of()),
                        Map.of("admin", new Admin("127.0.0.1:9902")),
                        Map.of("quiet", new NoKeys())));
        assertThat(root.listeners().keySet()).containsExactly("web", "raw");
    }

    @Test
    void whatAPluginBringsMayHaveKeysOfItsOwn() throws ConfigException {
        RootConfig root = read("""
                version: 1
                listeners:
                  plain: { bind: "127.0.0.1:1", service: shop, unbind: slowly }
                  keyed: { bind: "127.0.0.1:2", service: shop, unbind: { type: slowly, step: 3 } }
                services: { shop: { type: odd, number: 1 } }
                hooks: { census: { every: 5s } }
                """);
        assertThat(root.listeners())
                .hasEntrySatisfying(
                        "plain",
                        listener -> assertThat(listener.unbind()).isEqualTo(new Variant("slowly", new Slowly(1))));
        assertThat(root.listeners())
                .hasEntrySatisfying(
                        "keyed",
                        listener -> assertThat(listener.unbind()).isEqualTo(new Variant("slowly", new Slowly(3))));
        assertThat(root.hooks()).isEqualTo(Map.of("census", new Census(Duration.ofSeconds(5)), "quiet", new NoKeys()));
    }

    @Test
    void aListenerHasFiltersInOrder() throws ConfigException {
        RootConfig root = read("""
                version: 1
                listeners:
                  a: { bind: "127.0.0.1:1", service: shop, filters: [ gate, { type: gate, state: open } ], accept-timeout: 3s }
                  b: { bind: "127.0.0.1:2", service: shop }
                services: { shop: { type: odd, number: 1 } }
                """);
        assertThat(root.listeners()).hasEntrySatisfying("a", listener -> {
            assertThat(listener.filters())
                    .containsExactly(new Variant("gate", new Gate("closed")), new Variant("gate", new Gate("open")));
            assertThat(listener.acceptTimeout()).isEqualTo(Duration.ofSeconds(3));
        });
        assertThat(root.listeners()).hasEntrySatisfying("b", listener -> {
            assertThat(listener.filters()).isEmpty();
            assertThat(listener.acceptTimeout()).isEqualTo(Duration.ofSeconds(10));
        });
    }

    @Test
    void saysWhatIsWrongWithAFilter() {
        assertThat(problems("""
                version: 1
                listeners:
                  a: { bind: "127.0.0.1:1", service: shop, filters: [ gates, { type: gate, stat: open } ] }
                services: { shop: { type: odd, number: 1 } }
                """))
                .containsExactly(
                        "3:55: listeners.a.filters[0]: there is no connection filter 'gates'; did you mean 'gate'?",
                        "3:76: unknown key 'stat' in listeners.a.filters[1]; did you mean 'state'?");
    }

    private static List<String> problems(String text) {
        try {
            read(text);
            return List.of();
        } catch (ConfigException e) {
            return e.problems().stream()
                    .map(each -> each.toString().replaceFirst("^[^:]*:", ""))
                    .toList();
        }
    }

    @Test
    void saysWhatIsWrongWithSuchKeys() {
        assertThat(problems("""
                version: 1
                listeners:
                  a: { bind: "127.0.0.1:1", service: shop, unbind: { type: slowly, step: 10 } }
                  b: { bind: "127.0.0.1:2", service: shop, unbind: { type: slowly, stop: 1 } }
                  c: { bind: "127.0.0.1:3", service: shop, unbind: { step: 1 } }
                  d: { bind: "127.0.0.1:4", service: shop, unbind: { type: drain, step: 1 } }
                services: { shop: { type: odd, number: 1 } }
                hooks: { censis: { every: 5s } }
                """))
                .containsExactly(
                        "3:74: listeners.a.unbind.step: 10 is outside 1 to 9",
                        "4:68: unknown key 'stop' in listeners.b.unbind; did you mean 'step'?",
                        "5:44: listeners.c.unbind needs the key 'type'; there is: at-once, drain, slowly",
                        "6:67: unknown key 'step' in listeners.d.unbind; there is: type",
                        "8:10: hooks: there is no fd hook 'censis'; did you mean 'census'?");
    }

    @Test
    void readsHowManyLoopsThereAre() throws ConfigException {
        assertThat(read("version: 1\nloops: auto\n").loops()).isEqualTo(LoopCount.AUTO);
        assertThat(read("version: 1\nloops: 1024\n").loops()).isEqualTo(LoopCount.of(1024));
        assertThat(problems("version: 1\nloops: 0\n")).containsExactly("2:8: loops: 0 is outside 1 to 1024");
        assertThat(problems("version: 1\nloops: 1025\n")).containsExactly("2:8: loops: 1025 is outside 1 to 1024");
        assertThat(problems("version: 1\nloops: many\n"))
                .containsExactly("2:8: loops: expected a whole number or auto, not 'many'");
        assertThat(problems("version: 1\nloops: \"2\"\n"))
                .containsExactly("2:8: loops: expected a whole number or auto, not '2'; remove the quotes");
    }

    @Test
    void fillsInEveryDefault() throws ConfigException {
        RootConfig root = read("version: 1\nupstreams: { app: { servers: [\"a:1\"] } }\nadmin:\n");

        assertThat(root.loops()).isEqualTo(LoopCount.PROCESSORS);
        assertThat(root.poller()).isEmpty();
        assertThat(root.grace()).isEqualTo(Duration.ofSeconds(30));
        assertThat(root.upstreams().get("app"))
                .isEqualTo(new UpstreamConfig(
                        List.of("a:1"),
                        Duration.ofSeconds(2),
                        new PoolConfig(256, Duration.ofSeconds(60), Sharing.TAKEOVER, Variant.of("takeover"))));
        assertThat(root.components()).containsExactly(Map.entry("admin", new Admin("127.0.0.1:9901")));
    }

    private static UpstreamConfig upstream(String keys) throws ConfigException {
        return Objects.requireNonNull(read("version: 1\nupstreams: { app: { servers: [\"a:1\"], " + keys + " } }\n")
                .upstreams()
                .get("app"));
    }

    @Test
    void readsChecksAndEjectionInBothForms() throws ConfigException {
        assertThat(upstream("check: http").check())
                .contains(CheckConfig.of(CheckConfig.Type.HTTP, Duration.ofSeconds(2), Duration.ofSeconds(1), 2, 3));
        CheckConfig check = upstream(
                        "check: { type: http, interval: 5s, timeout: 500ms, rise: 1, fall: 2, port: 9000, method: HEAD,"
                                + " path: \"/healthz?deep\", host: \"shop.test:80\", status: \"200, 204,300-308\" }")
                .check()
                .orElseThrow();
        assertThat(check.port()).contains(9000);
        assertThat(check.path()).contains("/healthz?deep");
        assertThat(check.passing()).hasToString("200,204,300-308");
        assertThat(check.passing().contains(204)).isTrue();
        assertThat(check.passing().contains(203)).isFalse();
        assertThat(check.passing().contains(308)).isTrue();
        assertThat(upstream("slow-start: 30s").slowStart()).contains(Duration.ofSeconds(30));
        assertThat(upstream("eject: off").eject().mode()).isEqualTo(EjectConfig.Mode.OFF);
        assertThat(upstream("eject: {}").eject()).isEqualTo(EjectConfig.DEFAULT);
        assertThat(upstream("eject: { failures: 3, errors: 9, time: 5s, share: 30% }")
                        .eject())
                .isEqualTo(new EjectConfig(EjectConfig.Mode.ON, 3, 9, Duration.ofSeconds(5), new Percent(30)));
    }

    @Test
    void saysWhatIsWrongWithAChecksKeys() {
        assertThat(problems("""
                version: 1
                upstreams:
                  a: { servers: ["a:1"], check: { type: tcp, path: "/", status: "200", port: 0 } }
                  b: { servers: ["a:1"], check: { type: tcp, path: "/", status: "200" } }
                  c: { servers: ["a:1"], check: { type: http, path: "x", status: "200-2xx", method: CONNECT, host: "a/b" } }
                  d: { servers: ["a:1"], check: { rise: 1 } }
                  e: { servers: ["a:1"], check: udp }
                  f: { servers: ["listener:web"], check: { type: tcp, port: 1 } }
                  g: { servers: ["a:1"], eject: { share: 0% }, slow-start: 1ms }
                  h: { servers: ["a:1"], check: { type: http, status: "100-399" } }
                  i: { servers: ["a:1"], check: { type: http, status: "400-200" } }
                listeners: { web: { bind: "127.0.0.1:1", service: shop } }
                services: { shop: { type: odd, number: 1 } }
                """))
                .containsExactly(
                        "3:78: upstreams.a.check.port: 0 is outside 1 to 65535",
                        "4:52: upstreams.b.check.path: it is for checks of type http; one of type tcp only connects",
                        "4:65: upstreams.b.check.status: it is for checks of type http; one of type tcp only connects",
                        "5:53: upstreams.c.check.path: 'x' is no path; one begins with / and has no spaces",
                        "5:66: upstreams.c.check.status: expected statuses such as 200-399 or 200,204, not '200-2xx'",
                        "5:85: upstreams.c.check.method: 'CONNECT' is no method to ask with",
                        "5:100: upstreams.c.check.host: 'a/b' is no host",
                        "6:26: upstreams.d.check needs the key 'type'",
                        "7:33: upstreams.e.check.type: 'udp' is not possible; there is: http, tcp",
                        "8:42: upstreams.f.check: it has a port, and listener:web has no other than its own",
                        "9:42: upstreams.g.eject.share: 0% is outside 1% to 100%",
                        "9:60: upstreams.g.slow-start: 1ms is outside 1s to 1h",
                        "10:55: upstreams.h.check.status: '100-399' is before an answer: the least status is 200",
                        "11:55: upstreams.i.check.status: '400-200' ends before it begins");
    }

    @Test
    void readsWhatServersSpeak() throws ConfigException {
        assertThat(upstream("protocol: http/2").protocol()).isEqualTo(UpstreamProtocol.HTTP_2);
        assertThat(upstream("protocol: http/1.1").protocol()).isEqualTo(UpstreamProtocol.HTTP_1_1);
        assertThat(upstream("queue: 1").protocol()).isEqualTo(UpstreamProtocol.HTTP_1_1);
        assertThat(problems("""
                version: 1
                upstreams:
                  a: { servers: ["a:1"], protocol: http/3 }
                  b: { servers: ["a:1"], protocol: http/2, proxy-protocol: v2 }
                  c: { servers: ["a:1"], protocol: http/2, check: http }
                  d: { servers: ["a:1"], protocol: http/2, check: tcp }
                """))
                .containsExactly(
                        "3:36: upstreams.a.protocol: 'http/3' is not possible; did you mean 'http/2'?",
                        "4:60: upstreams.b.proxy-protocol: its header names one client, and a connection with protocol:"
                                + " http/2 serves many; remove one");
    }

    @Test
    void readsServersInBothForms() throws ConfigException {
        UpstreamConfig app = Objects.requireNonNull(read("""
                version: 1
                upstreams:
                  app:
                    servers: ["a:1", { address: "b:2", weight: 0 }, { address: "c:3" }]
                    balance: { type: picky, step: 3 }
                """).upstreams().get("app"));
        assertThat(app.servers())
                .containsExactly(new ServerConfig("a:1", 1), new ServerConfig("b:2", 0), new ServerConfig("c:3", 1));
        assertThat(app.balance().settings()).isEqualTo(new Slowly(3));
    }

    @Test
    void readsTheAddressesOfNameServers() throws ConfigException {
        RootConfig root = read("version: 1\nresolver: { servers: [10.0.0.2, \"10.0.0.3:5353\", \"[fd00::2]:53\"] }\n");
        assertThat(root.resolver().addresses().stream().map(InetSocketAddress::toString))
                .containsExactly("/10.0.0.2:53", "/10.0.0.3:5353", "/[fd00:0:0:0:0:0:0:2]:53");
        assertThat(read("version: 1\n").resolver().addresses()).isEmpty();
    }

    @Test
    void usesAComponentOnRequestOnlyIfItsSectionIsThere() throws ConfigException {
        assertThat(read("version: 1\n").components()).doesNotContainKey("even");
        assertThat(read("version: 1\neven:\n").components()).containsEntry("even", new Even(new Percent(30)));
        assertThat(read("version: 1\neven: { above: 45% }\n").components())
                .containsEntry("even", new Even(new Percent(45)));
    }

    @Test
    void bindsALaneBesideTheKeysOfAType() throws ConfigException {
        RootConfig root = ConfigReader.parse("f", """
                version: 1
                services:
                  a: { type: http-proxy, upstream: app }
                  b: { type: http-proxy, upstream: app, lane: {} }
                  c: { lane: { loops: 2, cpu: 30%, nice: 0 }, type: http-proxy, upstream: app }
                upstreams: { app: { servers: ["a:1"] } }
                """, Path.of("/")).read(new TestVocabulary(true));

        List<ServiceConfig> services = List.copyOf(root.services().values());
        assertThat(services)
                .extracting(ServiceConfig::lane)
                .containsExactly(
                        Optional.empty(),
                        Optional.of(new LaneConfig(1, new Percent(50), 10)),
                        Optional.of(new LaneConfig(2, new Percent(30), 0)));
        assertThat(services.get(2).settings()).isEqualTo(services.get(0).settings());
    }

    @Test
    void bindsEveryTypeOfAPluginsRecord() throws ConfigException {
        RootConfig root = read("""
                version: 1
                services:
                  s:
                    type: http-proxy
                    upstream: app
                    timeout: 1h
                    header-max: 1MiB
                    keep-alive: false
                    share: 2
                    limit: -99999999999
                    hosts: [a, "b"]
                    weights: { one: 1, two: 2 }
                    retry: { attempts: 0, mode: very-careful }
                upstreams: { app: { servers: ["a:1"] } }
                """);

        assertThat(root.services().get("s"))
                .isEqualTo(new ServiceConfig(
                        "http-proxy",
                        new Proxy(
                                "app",
                                Duration.ofHours(1),
                                new ByteSize(1 << 20),
                                false,
                                2.0,
                                Optional.of(-99999999999L),
                                List.of("a", "b"),
                                Map.of("one", 1, "two", 2),
                                new Retry(0, Mode.VERY_CAREFUL))));
    }

    @Test
    void findsFoldersOfPluginsNextToTheFile(@TempDir Path folder) throws Exception {
        Files.createDirectory(folder.resolve("more"));
        Path file = Files.writeString(folder.resolve("baton.yaml"), "version: 1\nplugins: { path: [more, less] }\n");

        assertThat(ConfigReader.parse(file).pluginFolders()).containsExactly(folder.resolve("more"));
    }

    @Test
    void saysWhyAFileCannotBeRead(@TempDir Path folder) throws Exception {
        Path none = folder.resolve("none.yaml");
        assertThatThrownBy(() -> ConfigReader.parse(none))
                .isInstanceOf(IOException.class)
                .hasMessage("cannot read " + none + ": there is no such file");
        Path binary = Files.write(folder.resolve("binary.yaml"), new byte[] {(byte) 0xC3, 0x28});
        assertThatThrownBy(() -> ConfigReader.parse(binary))
                .isInstanceOf(IOException.class)
                .hasMessage("cannot read " + binary + ": it is not UTF-8");
        Path large = Files.write(folder.resolve("large.yaml"), new byte[(1 << 20) + 1]);
        assertThatThrownBy(() -> ConfigReader.parse(large))
                .isInstanceOf(IOException.class)
                .hasMessage("cannot read " + large + ": it is larger than 1 MiB");
    }

    record Unbindable(
            Thread thread,
            List<List<Object>> lists,
            @Range(min = "1", max = "many") int number,
            int type) {}

    @Test
    void findsWhatIsWrongWithAPluginsRecord() {
        assertThat(RecordShape.problems(Unbindable.class, Set.of("type")))
                .containsExactly(
                        "Unbindable.thread has the type java.lang.Thread, which is none that a configuration can have",
                        "Unbindable.lists has the type java.util.List<java.util.List<java.lang.Object>>, which is none"
                                + " that a configuration can have",
                        "Unbindable.number is annotated with 'many', which is no int",
                        "Unbindable.type takes the key 'type', which has a meaning already");
        assertThat(RecordShape.problems(Proxy.class, Set.of("type"))).isEmpty();
    }

    record Inverted(@Default("9") int least, @Default("3") int most) {
        Inverted {
            if (least > most) {
                throw new WrongValueException("least", "it is above most");
            }
        }
    }

    record Around(String word, Inverted inside) {}

    record Emptied(@Default("") int number, @Default("") String text) {}

    record Keyed(@Default("three") Retry retry) {}

    record Either(
            List<String> allow,
            Optional<String> deny,
            @Default("1s") Duration every) {
        Either {
            if (allow.isEmpty() && deny.isEmpty()) {
                throw new IllegalArgumentException("allow or deny is needed");
            }
        }
    }

    record Filled(@NotEmpty List<String> words, @NotEmpty Map<String, Integer> counts) {}

    record Misfilled(@NotEmpty String word) {}

    @Test
    void requiresWhatMustNotBeEmpty() {
        assertThat(RecordShape.problems(Filled.class, Set.of())).isEmpty();
        assertThat(RecordShape.allOptional(Filled.class)).isFalse();
        assertThat(RecordShape.problems(Misfilled.class, Set.of()))
                .containsExactly("Misfilled.word has the type java.lang.String, and @NotEmpty is for lists and maps");
    }

    /** Which is for the user to give. */
    @Test
    void takesARecordThatWantsOneOfItsKeys() {
        assertThat(RecordShape.problems(Either.class, Set.of())).isEmpty();
    }

    /** Each would be told as an error of the user's file, at a line where nothing stands. */
    @Test
    void findsDefaultsThatTheRecordItselfRefuses() {
        assertThat(RecordShape.problems(Inverted.class, Set.of()))
                .containsExactly("Inverted cannot be made of its own defaults: it is above most");
        assertThat(RecordShape.problems(Around.class, Set.of()))
                .containsExactly("Inverted cannot be made of its own defaults: it is above most");
        assertThat(RecordShape.problems(Emptied.class, Set.of()))
                .containsExactly("Emptied.number is annotated with '', which is no int");
        assertThat(RecordShape.problems(Keyed.class, Set.of()))
                .containsExactly(
                        "Keyed cannot be made of its own defaults: retry: expected keys with values, not 'three'");
    }

    @Test
    void readsRatesOfBytesWithTheirUnits() {
        assertThat(Scalars.parse(ByteRate.class, "240B/s", true).value()).isEqualTo(new ByteRate(240));
        assertThat(Scalars.parse(ByteRate.class, "64 KiB / s", true).value()).isEqualTo(new ByteRate(65_536));
        for (String wrong :
                List.of("240", "240B", "240/s", "B/s", "240b/s", "240B/m", "-1B/s", "1.5KiB/s", "240B/s/s")) {
            assertThat(Scalars.parse(ByteRate.class, wrong, true).problem())
                    .as(wrong)
                    .isNotNull();
        }
    }

    @Test
    void writesValuesAsTheyStandInAFile() {
        assertThat(List.of(
                        Scalars.word(Duration.ofSeconds(90)),
                        Scalars.word(Duration.ofHours(2)),
                        Scalars.word(Duration.ZERO),
                        Scalars.word(Duration.ofMillis(1500)),
                        Scalars.word(Mode.VERY_CAREFUL),
                        Scalars.word(new ByteSize(65536)),
                        Scalars.word(new ByteRate(240)),
                        Scalars.word(new ByteRate(1 << 20)),
                        Scalars.word(new ByteRate(0)),
                        Scalars.word(new Percent(25)),
                        Scalars.word(7)))
                .containsExactly(
                        "90s", "2h", "0s", "1500ms", "very-careful", "64KiB", "240B/s", "1MiB/s", "0B/s", "25%", "7");
    }

    @Test
    void shouldReadAListenerThatIsAddedByTheSameRules() throws Exception {
        NamedListener listener = ConfigReader.listener(
                "{\"name\": \"in\", \"bind\": \"unix:/run/x\", \"service\": \"shop\", \"accept-rate\": \"30/m\","
                        + " \"loops\": [0, 2], \"balance\": \"least-loaded\", \"mode\": \"0660\"}",
                new TestVocabulary(),
                List.of("shop"),
                List.of(0, 1, 2));
        assertThat(listener.name()).isEqualTo("in");
        assertThat(listener.config().acceptRate()).contains(new Rate(0.5));
        assertThat(listener.config().loops().ids()).containsExactly(0, 2);
        assertThat(listener.config().balance()).isEqualTo(ListenerConfig.Balancing.LEAST_LOADED);
        assertThat(listener.config().socketSettings().mode()).hasValue(0660);
        assertThat(listener.config().sockets()).isEqualTo(ListenerConfig.Sockets.SHARED);
    }

    @Test
    void shouldSayEverythingThatIsWrongWithAListenerThatIsAdded() {
        assertThatThrownBy(() -> ConfigReader.listener(
                        "{\"name\": \"a b\", \"bind\": \"127.0.0.1:1\", \"service\": \"shopp\", \"loops\": [3],"
                                + " \"mode\": \"0660\", \"accept-rate\": \"fast\", \"sokets\": \"shared\"}",
                        new TestVocabulary(),
                        List.of("shop"),
                        List.of(0, 1, 2)))
                .isInstanceOfSatisfying(
                        ConfigException.class,
                        wrong -> assertThat(wrong.problems())
                                .extracting(Problem::message)
                                .anyMatch(text -> text.contains("'a b' is no name"))
                                .anyMatch(text -> text.contains("there is no service 'shopp'"))
                                .anyMatch(text -> text.contains("there is no loop 3; there are 0 to 2"))
                                .anyMatch(text -> text.contains("expected a rate such as 500/s"))
                                .anyMatch(text -> text.contains("unknown key 'sokets'")));
        assertThatThrownBy(() -> ConfigReader.listener(
                        "{\"name\": \"a\", \"bind\": \"127.0.0.1:1\", \"service\": \"shop\", \"mode\": \"0660\"}",
                        new TestVocabulary(),
                        List.of("shop"),
                        List.of(0, 1, 2)))
                .isInstanceOfSatisfying(
                        ConfigException.class,
                        wrong -> assertThat(wrong.problems())
                                .extracting(Problem::message)
                                .containsExactly("listener: mode, user and group belong to unix sockets"));
    }

    /** As deep as a file of the largest size allows: nothing here may recurse. */
    @Test
    void shouldPutEachServiceBehindThoseThatItNames() throws Exception {
        RootConfig root = read("""
                version: 1
                services:
                  front: { type: chain, others: { a: left, b: right } }
                  left: { type: chain, next: back }
                  back: { type: odd, number: 1 }
                  right: { type: chain, next: back }
                """);
        assertThat(root.services().keySet()).containsExactly("back", "left", "right", "front");

        int length = 20_000;
        StringBuilder chain = new StringBuilder("version: 1\nservices:\n");
        for (int i = 0; i < length; i++) {
            chain.append("  s")
                    .append(i)
                    .append(": { type: chain, next: s")
                    .append((i + 1) % length)
                    .append(" }\n");
        }
        assertThatThrownBy(() -> read(chain.toString()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("services need each other in a circle: s0 -> s1 -> ")
                .hasMessageContaining(" -> s9 -> ... -> s0");
    }

    /** The keys of what was chosen, and those that all of its kind have, stand side by side. */
    @Test
    void choosesAmongWhatOthersContribute() throws ConfigException {
        RootConfig root = read("""
                version: 1
                services:
                  shop:
                    type: chooser
                    filters: [ plain, { type: stamp, name: a, on-failure: bypass, timeout: 1s } ]
                    handler: hello
                """);
        HttpFilterOptions usual =
                new HttpFilterOptions(OnFailure.REFUSE, Duration.ofSeconds(10), Duration.ofMillis(20));
        assertThat(root.services())
                .containsEntry(
                        "shop",
                        new ServiceConfig(
                                "chooser",
                                new Chooser(
                                        List.of(
                                                new Choice<>(HttpFilter.class, "plain", new NoKeys(), usual),
                                                new Choice<>(
                                                        HttpFilter.class,
                                                        "stamp",
                                                        new Stamp("a", Optional.empty()),
                                                        new HttpFilterOptions(
                                                                OnFailure.BYPASS,
                                                                Duration.ofSeconds(1),
                                                                Duration.ofMillis(20)))),
                                        Optional.of(new Choice<>(HttpHandler.class, "hello", new NoKeys(), usual)),
                                        List.of())));
    }

    @Test
    void findsFilesNextToTheFile(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("baton.yaml"), """
                version: 1
                services:
                  shop: { type: chooser, filters: [ { type: stamp, name: a, image: seal.png } ] }
                  other: { type: chooser, filters: [ { type: stamp, name: b, image: /srv/seal.png } ] }
                """);
        RootConfig root = ConfigReader.parse(file).read(new TestVocabulary());
        assertThat(root.services().values())
                .extracting(service ->
                        ((Chooser) service.settings()).filters().get(0).settings())
                .containsExactlyInAnyOrder(
                        new Stamp("a", Optional.of(folder.resolve("seal.png"))),
                        new Stamp("b", Optional.of(Path.of("/srv/seal.png"))));
    }

    private record Choosy(Optional<Choice<String>> choice) {}

    @Test
    void aChoiceFromWhatIsNoExtensionPoint() {
        assertThat(RecordShape.problems(Choosy.class, Set.of()))
                .containsExactly("Choosy.choice has the type"
                        + " java.util.Optional<dev.baton.spi.config.Choice<java.lang.String>>, and there is no such"
                        + " extension point");
        assertThat(RecordShape.notScalar(Chooser.class)).hasSize(3);
    }
}
