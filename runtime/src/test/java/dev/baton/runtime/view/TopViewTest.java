package dev.baton.runtime.view;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.baton.runtime.metrics.Meters;
import dev.baton.spi.admin.LoopSnapshot;
import dev.baton.spi.admin.PoolSnapshot;
import dev.baton.spi.admin.TopSnapshot;
import dev.baton.spi.traffic.TrafficMetrics;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class TopViewTest {
    private final Meters metrics = new Meters();
    /** Close to where it wraps around. */
    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - TimeUnit.SECONDS.toNanos(5));

    private final Map<Integer, Long> cpu = new HashMap<>(Map.of(0, 0L));
    private final TopView top = new TopView(
            metrics,
            () -> List.of(new LoopSnapshot(0, "loop-0", 1, 2, 3, 4, null, 5, 6, true, false, 0, null)),
            () -> List.of(
                    new PoolSnapshot("app", "a:80", 1, 2, 0, 0, 0, 0, 4, 2),
                    new PoolSnapshot("same", "a:80", 1, 3, 0, 0, 0, 0, 3, 3)),
            () -> Map.copyOf(cpu),
            clock::get);

    private void pass(long millis) {
        clock.addAndGet(TimeUnit.MILLISECONDS.toNanos(millis));
    }

    private void exchange(String route, String status, long firstByteMillis, long totalMillis) {
        String[] labels = {"service", "shop", "route", route};
        metrics.histogram(TrafficMetrics.REQUEST_SECONDS, "h", labels)
                .record(TimeUnit.MILLISECONDS.toNanos(totalMillis));
        metrics.histogram(TrafficMetrics.FIRST_BYTE_SECONDS, "h", labels)
                .record(TimeUnit.MILLISECONDS.toNanos(firstByteMillis));
        metrics.counter(TrafficMetrics.RESPONSES, "h", "service", "shop", "route", route, "status", status)
                .increment();
    }

    private void answered(String server, long millis, boolean failed) {
        String[] labels = {"service", "shop", "server", server};
        metrics.histogram(TrafficMetrics.SERVER_SECONDS, "h", labels).record(TimeUnit.MILLISECONDS.toNanos(millis));
        if (failed) {
            metrics.counter(TrafficMetrics.SERVER_FAILURES, "h", labels).increment();
        }
    }

    @Test
    void shouldShowWhatHappenedSinceTheStartAtTheFirstLook() {
        exchange("a", "2xx", 10, 100);
        pass(2_000);
        TopSnapshot look = top.look();
        assertThat(look.sinceStart()).isTrue();
        assertThat(look.windowMs()).isEqualTo(2_000);
        assertThat(look.routes()).singleElement().satisfies(route -> {
            assertThat(route.service()).isEqualTo("shop");
            assertThat(route.route()).isEqualTo("a");
            assertThat(route.requestsPerSecond()).isEqualTo(0.5);
            assertThat(route.errorShare()).isZero();
            assertThat(route.p50Ms()).isCloseTo(100, within(4.0));
            assertThat(route.p99Ms()).isCloseTo(100, within(4.0));
            assertThat(route.p999Ms()).isCloseTo(100, within(4.0));
            assertThat(route.firstByteP50Ms()).isCloseTo(10, within(0.4));
            assertThat(route.firstByteP999Ms()).isCloseTo(10, within(0.4));
        });
    }

    @Test
    void shouldShowOnlyTheLastTenSecondsToOneWhoLooksEachSecond() {
        exchange("a", "2xx", 1, 9_000);
        top.look();
        for (int second = 1; second <= 30; second++) {
            pass(1_000);
            exchange("a", second % 2 == 0 ? "2xx" : "5xx", 1, second);
            TopSnapshot look = top.look();
            assertThat(look.sinceStart()).isFalse();
            assertThat(look.windowMs()).isEqualTo(Math.min(10, second) * 1_000L);
            TopSnapshot.Route route = look.routes().get(0);
            assertThat(route.requestsPerSecond()).isEqualTo(1);
            assertThat(route.p99Ms()).isCloseTo(second, within(second * 0.04));
            if (second >= 10) {
                assertThat(route.errorShare()).isEqualTo(0.5);
            }
        }
    }

    @Test
    void shouldShowTheSameWindowToManyWhoLookOften() {
        top.look();
        for (int i = 0; i < 1_000; i++) {
            pass(20);
            exchange("a", "2xx", 1, 1);
            top.look();
        }
        assertThat(top.look().windowMs()).isBetween(9_100L, 11_000L);
    }

    @Test
    void shouldNotCompareWithALookOfAnInstantAgo() {
        top.look();
        pass(100);
        assertThat(top.look().sinceStart()).isTrue();
        pass(400);
        assertThat(top.look().sinceStart()).isFalse();
    }

    @Test
    void shouldForgetLooksOfLongAgo() {
        pass(1_000);
        top.look();
        pass(70_000);
        TopSnapshot look = top.look();
        assertThat(look.sinceStart()).isTrue();
        assertThat(look.windowMs()).isEqualTo(71_000);
    }

    @Test
    void shouldPutTheSlowestFirstAndLeaveOutWhatWasIdle() {
        exchange("idle", "2xx", 1, 500);
        answered("idle:80", 1, true);
        top.look();
        pass(1_000);
        exchange("fast", "2xx", 1, 2);
        exchange("slow", "2xx", 1, 300);
        answered("a:80", 5, false);
        answered("b:80", 50, true);
        TopSnapshot look = top.look();
        assertThat(look.routes()).extracting(TopSnapshot.Route::route).containsExactly("slow", "fast");
        assertThat(look.servers()).extracting(TopSnapshot.Server::server).containsExactly("b:80", "a:80");
        assertThat(look.servers()).extracting(TopSnapshot.Server::failures).containsExactly(1L, 0L);
        assertThat(look.servers()).extracting(TopSnapshot.Server::inUse).containsExactly(null, 5);
        assertThat(look.servers()).extracting(TopSnapshot.Server::waiting).containsExactly(null, 7);
        assertThat(look.servers().get(1).p99Ms()).isCloseTo(5, within(0.2));
    }

    @Test
    void shouldShowHowBusyEachLoopWas() {
        cpu.put(0, TimeUnit.SECONDS.toNanos(100));
        top.look();
        pass(2_000);
        cpu.merge(0, TimeUnit.MILLISECONDS.toNanos(500), Long::sum);
        assertThat(top.look().loops()).containsExactly(new TopSnapshot.Loop(0, 0.25, 6, 3, true));
    }
}
