package dev.baton.runtime.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.runtime.config.ListenerConfig;
import dev.baton.runtime.config.LoopCount;
import dev.baton.runtime.config.MemoryConfig;
import dev.baton.runtime.config.PluginsConfig;
import dev.baton.runtime.config.ResolverConfig;
import dev.baton.runtime.config.RootConfig;
import dev.baton.runtime.config.Variant;
import dev.baton.runtime.config.WorkersConfig;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.posix.FdLimit;
import dev.baton.spi.config.Percent;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a limit of open files leaves for clients, and what is said of it. */
class FdPlanTest {
    private static final int OPEN = 92;
    /** What is opened after the count, and reserved: of a process with 2 loops and one listener. */
    private static final int REST = 3 + 40 + 3;

    private static RootConfig config(Optional<Integer> total, Optional<Integer> ofListener) {
        return new RootConfig(
                LoopCount.of(2),
                Optional.empty(),
                Duration.ofSeconds(30),
                Duration.ofSeconds(1),
                Duration.ofSeconds(15),
                total,
                new MemoryConfig(new Percent(30), new Percent(50)),
                new WorkersConfig(Optional.empty(), 1024),
                Optional.empty(),
                Optional.empty(),
                Map.of("web", new ListenerConfig("127.0.0.1:0", "shop", Variant.of("drain"), 128, ofListener)),
                Map.of(),
                Map.of(),
                new ResolverConfig(List.of()),
                new PluginsConfig(List.of(), List.of(), List.of(), List.of()),
                Map.of(),
                Map.of());
    }

    private static FdPlan plan(long limit, RootConfig config) throws StartException {
        return FdPlan.of(new FdLimit(limit, limit), OPEN, config, 2, 2);
    }

    @Test
    void theRestIsForClientsWithAnUpstreamConnectionEach() throws Exception {
        RootConfig config = config(Optional.empty(), Optional.empty());
        FdPlan plan = plan(600, config);
        assertThat(plan.clients()).isEqualTo(600 - OPEN - REST);
        assertThat(plan.line(config))
                .isEqualTo("fd limit 600 (soft limit raised to hard), 462 of them for clients:"
                        + " 231 connections of up to 2 fds each");
        assertThat(plan.warnings(config)).isEmpty();
        assertThat(plan.spares()).isEqualTo(4);
    }

    @Test
    void oneFdIsKeptOpenForTheAdminApiHoweverSmallTheReserve() throws Exception {
        FdPlan plan = plan(OPEN + 3 + 3, config(Optional.empty(), Optional.empty()));
        assertThat(plan.reserved()).isEqualTo(1);
        assertThat(plan.spares()).isEqualTo(1);
    }

    @Test
    void noNumberIsHandedOutThatTheTableCannotHave() throws Exception {
        RootConfig config = config(Optional.empty(), Optional.empty());
        FdPlan plan = plan(Long.MAX_VALUE, config);
        assertThat(plan.clients()).isEqualTo(FdTable.MAX_FDS - OPEN - REST);
        assertThat(plan.line(config)).startsWith("fd limit unlimited (soft limit raised to hard), ");
    }

    @Test
    void aNumberOfConnectionsThatFitsIsTheOperators() throws Exception {
        RootConfig config = config(Optional.of(200), Optional.of(10_000));
        FdPlan plan = plan(600, config);
        assertThat(plan.line(config)).endsWith(", 462 of them for clients: 200 connections (max-connections)");
        assertThat(plan.warnings(config)).isEmpty();
    }

    @Test
    void oneThatDoesNotFitIsSaidWithTheNumbers() throws Exception {
        RootConfig tight = config(Optional.of(400), Optional.empty());
        assertThat(plan(600, tight).warnings(tight))
                .containsExactly(
                        "max-connections: 400 leaves 62 fds for upstream connections: the fd limit of 600 allows"
                                + " 231 clients of 2 fds each; it would have to be 938");
        RootConfig far = config(Optional.of(10_000), Optional.empty());
        FdPlan plan = plan(600, far);
        assertThat(plan.warnings(far))
                .containsExactly("max-connections: 10000 cannot be reached: the fd limit of 600 allows 462 connections;"
                        + " it would have to be 20138");
        assertThat(plan.line(far)).endsWith(": 462 connections (max-connections)");
        RootConfig one = config(Optional.empty(), Optional.of(500));
        assertThat(plan(600, one).warnings(one))
                .containsExactly("listeners.web.max-connections: 500 cannot be reached: the fd limit of 600 allows"
                        + " 231 connections; it would have to be 1138");
    }

    @Test
    void aSmallLimitIsSharedAndATooSmallOneIsAnError() throws Exception {
        RootConfig config = config(Optional.empty(), Optional.empty());
        FdPlan small = plan(105, config);
        assertThat(small.reserved()).isEqualTo(5);
        assertThat(small.clients()).isEqualTo(5);
        assertThat(small.warnings(config))
                .containsExactly(
                        "the fd limit of 105 leaves 5 of 43 fds that the admin API, plugins and an upgrade should"
                                + " have: an upgrade may fail; the limit should be 181 or more");
        assertThat(plan(98, config).clients()).isEqualTo(2);
        for (int limit : new int[] {97, 96, 64, 0}) {
            assertThatThrownBy(() -> plan(limit, config))
                    .isInstanceOf(StartException.class)
                    .hasMessage("the limit of " + limit
                            + " open files is too small: a start needs 95, a client 2, the admin"
                            + " API 1; it should be 181 or more (ulimit -n, or LimitNOFILE= of a systemd unit)")
                    .extracting(failure -> ((StartException) failure).kind())
                    .isEqualTo(StartException.Kind.FAILED);
        }
    }
}
