package dev.baton.runtime.upstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.baton.runtime.config.StickyConfig;
import dev.baton.runtime.config.StickyConfig.SameSite;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.metrics.Meters;
import dev.baton.spi.upstream.RequestFacts;
import dev.baton.spi.upstream.ServerState;
import dev.baton.spi.upstream.UpstreamServer;
import java.net.ConnectException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Sessions that stay with their server. */
class StickyCookieTest {
    private static final UpstreamServer A = new UpstreamServer("a:1", 0);
    private static final UpstreamServer B = new UpstreamServer("b:1", 1);
    private static final StickyConfig PLAIN = new StickyConfig("srv", "/", Optional.empty(), false, SameSite.LAX);

    private final Meters metrics = new Meters();
    private final List<LiveServer> live = new ArrayList<>();
    private final LiveServers servers;
    private long now;

    StickyCookieTest() {
        UpstreamEnv env = new UpstreamEnv(
                plugin -> {
                    throw new AssertionError("opened");
                },
                new HostNames((host, reply) -> {}, (delay, task) -> {}, () -> now), // a name without an address is down
                name -> null,
                new LoopRegistry(),
                metrics);
        for (UpstreamServer each : List.of(A, B)) {
            live.add(new LiveServer(
                    each,
                    new ServerLocator(each.address(), env),
                    null,
                    1,
                    () -> now,
                    new SlowStart(null, (delay, task) -> {}, () -> {}),
                    new Backoff(),
                    new ServerMetrics(metrics, "app", each.address()).leftOut(),
                    Ejections.of("app", each.address(), metrics)));
        }
        servers = new LiveServers("app", live, 50, new InTurn(), () -> now, new StickyCookie("app", PLAIN));
    }

    /** A request with cookies. */
    private record Asks(@Nullable String cookies) implements RequestFacts {
        @Override
        public @Nullable SocketAddress clientAddress() {
            return null;
        }

        @Override
        public @Nullable String field(String name) {
            return name.equals("cookie") ? cookies : null;
        }
    }

    /** A request of the session that the response to a first one has begun. */
    private Asks sessionWith(UpstreamServer server) {
        String field = Objects.requireNonNull(servers.sessionCookie(server, new Asks(null)));
        assertThat(field).matches("srv=[0-9a-f]{16}; Path=/; HttpOnly; SameSite=Lax");
        return new Asks("a=b; " + field.substring(0, field.indexOf(';')));
    }

    private List<UpstreamServer> next(RequestFacts request, int count) {
        List<UpstreamServer> chosen = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            chosen.add(servers.next(request));
        }
        return chosen;
    }

    @Test
    void aSessionStaysWithItsServer() {
        assertThat(next(new Asks(null), 4)).containsExactly(A, B, A, B);
        assertThat(next(sessionWith(B), 4)).containsOnly(B);
        assertThat(next(sessionWith(A), 4)).containsOnly(A);
    }

    @Test
    void theCookieIsSentAgainOnlyWhereItIsAnother() {
        Asks session = sessionWith(B);
        assertThat(servers.sessionCookie(B, session)).isNull();
        assertThat(servers.sessionCookie(A, session)).isNotNull();
    }

    @Test
    void aValueThatIsNobodysIsBalancedLikeNone() {
        assertThat(next(new Asks("srv=0123456789abcdef"), 4)).containsExactly(A, B, A, B);
        assertThat(next(new Asks("srv="), 2)).containsExactly(A, B);
    }

    @Test
    void aServerThatIsDrainedKeepsItsSessions() {
        Asks session = sessionWith(B);
        live.get(1).state(ServerState.DRAIN);
        servers.changed();
        assertThat(next(session, 3)).containsOnly(B);
        assertThat(next(new Asks(null), 3)).containsOnly(A);
    }

    @Test
    void aServerInMaintenanceKeepsNone() {
        Asks session = sessionWith(B);
        live.get(1).state(ServerState.MAINTENANCE);
        servers.changed();
        assertThat(next(session, 3)).containsOnly(A);
    }

    @Test
    void aServerThatIsLeftOutIsTriedByOneOfItsRequests() {
        Asks session = sessionWith(B);
        servers.failed(live.get(1), now, new ConnectException("refused"));
        assertThat(next(session, 3)).containsOnly(A);
        now += Duration.ofSeconds(1).toNanos();
        assertThat(next(session, 3)).containsExactly(B, A, A);
    }

    @Test
    void theValueMeansTheSameInEveryProcess() {
        StickyCookie other = new StickyCookie("app", PLAIN);
        assertThat(other.fieldFor(B, sessionWith(B))).isNull();
        assertThat(new StickyCookie("other", PLAIN).valueOf(B)).isNotEqualTo(other.valueOf(B));
    }

    @Test
    void itHasTheAttributesThatAreAskedFor() {
        StickyConfig config = new StickyConfig("s", "/shop", Optional.of(Duration.ofHours(1)), true, SameSite.NONE);
        assertThat(new StickyCookie("app", config).fieldFor(A, new Asks(null)))
                .endsWith("; Path=/shop; Max-Age=3600; HttpOnly; Secure; SameSite=None");
    }

    @Test
    void namesThatBrowsersWouldIgnore() {
        for (String name : List.of("__Secure-a", "__Host-a")) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new StickyConfig(name, "/", Optional.empty(), false, SameSite.LAX));
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new StickyConfig("__Host-a", "/b", Optional.empty(), true, SameSite.LAX));
    }

    @Test
    void whatWouldMakeAnotherFieldOfIt() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new StickyConfig("a b", "/", Optional.empty(), false, SameSite.LAX));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new StickyConfig("a", "/; Secure", Optional.empty(), false, SameSite.LAX));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new StickyConfig("a", "/", Optional.empty(), false, SameSite.NONE));
    }
}
