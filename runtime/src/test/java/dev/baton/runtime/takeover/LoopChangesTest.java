package dev.baton.runtime.takeover;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.loop.BoundConnections;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is said of a loop that is retired. */
class LoopChangesTest {
    private static final List<BoundConnections> STAY =
            List.of(new BoundConnections("", 1), new BoundConnections("shop", 3));

    @Test
    void shouldSayWhoseConnectionsItWaitsFor() {
        assertThat(LoopChanges.staying(STAY, 2, Duration.ofSeconds(30)))
                .isEqualTo("1 connection of Vert.x, 3 connections of plugin shop's Vert.x stay on loop 2, which is to"
                        + " end, for 30 s at most: connections of Vert.x are bound to their context");
    }

    @Test
    void shouldSayWhatBecameOfItsConnections() {
        assertThat(LoopChanges.retired(1, 0, List.of())).isEqualTo("1 connection went to other loops");
        assertThat(LoopChanges.retired(7, 2, List.of()))
                .isEqualTo("7 connections went to other loops, 2 that cannot move were cut");
        assertThat(LoopChanges.retired(7, 5, STAY))
                .isEqualTo("7 connections went to other loops, 5 that cannot move were cut, among them 1 connection of"
                        + " Vert.x, 3 connections of plugin shop's Vert.x (connections of Vert.x are bound to their"
                        + " context)");
    }
}
