package dev.baton.runtime.view;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.traffic.FinishedExchange;
import dev.baton.spi.traffic.Traffic;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LiveTrafficTest {
    private final LiveTraffic traffic = new LiveTraffic();
    private final List<FinishedExchange> seen = new ArrayList<>();

    private static FinishedExchange exchange(String path) {
        return new FinishedExchange(
                "shop", "/*", "a:80", "10.0.0.1:5", "GET", path, 200, 0, 10, 1_000_000, 2_000_000, "complete");
    }

    @Test
    void shouldTellThoseWhoWatchAndOnlyAsLongAsTheyDo() {
        assertThat(traffic.isWatched()).isFalse();
        traffic.ended(exchange("/before"));
        Traffic.Watch first = traffic.watch(seen::add);
        Traffic.Watch second = traffic.watch(seen::add);
        assertThat(traffic.isWatched()).isTrue();
        traffic.ended(exchange("/both"));
        first.close();
        first.close();
        assertThat(traffic.isWatched()).isTrue();
        traffic.ended(exchange("/second"));
        second.close();
        assertThat(traffic.isWatched()).isFalse();
        traffic.ended(exchange("/after"));
        assertThat(seen).extracting(FinishedExchange::path).containsExactly("/both", "/both", "/second");
    }

    @Test
    void shouldTellTheOthersWhenOneThrowsAndThatOneNoMore() {
        List<FinishedExchange> thrown = new ArrayList<>();
        traffic.watch(exchange -> {
            thrown.add(exchange);
            throw new IllegalStateException("on purpose");
        });
        traffic.watch(seen::add);
        traffic.ended(exchange("/1"));
        traffic.ended(exchange("/2"));
        assertThat(seen).hasSize(2);
        assertThat(thrown).hasSize(1);
    }

    @Test
    void shouldCutLongPaths() {
        assertThat(exchange("/" + "x".repeat(5_000)).path()).hasSize(200).startsWith("/xx");
    }
}
