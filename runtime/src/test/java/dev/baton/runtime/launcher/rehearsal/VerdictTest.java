package dev.baton.runtime.launcher.rehearsal;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class VerdictTest {
    private static final Duration MOST = Duration.ofMillis(500);
    private static final int CLIENTS = 10;

    private final Ledger ledger = new Ledger();

    VerdictTest() {
        ledger.enter(Phase.DURING);
        answered(20);
    }

    private void answered(long millis) {
        ledger.answered(Phase.DURING, TimeUnit.MILLISECONDS.toNanos(millis));
    }

    private void failed(Failure how, int times) {
        for (int i = 0; i < times; i++) {
            ledger.failed(Phase.DURING, how);
        }
    }

    private void closed(int times) {
        for (int i = 0; i < times; i++) {
            ledger.closed();
        }
    }

    private Verdict verdict(boolean endsConnections, String... failures) {
        return Verdict.of(List.of(ledger.seen(Phase.DURING)), MOST, CLIENTS, endsConnections, List.of(failures));
    }

    @Test
    void shouldPassIfNobodyNoticed() {
        answered(500);
        assertThat(verdict(false))
                .isEqualTo(new Verdict(
                        true, "no request failed, no connection was closed, and the longest wait was 500 ms"));
    }

    @Test
    void shouldNameEveryReason() {
        failed(Failure.NOT_CONNECTED, 1);
        failed(Failure.UNANSWERED, 2);
        closed(3);
        answered(501);
        assertThat(verdict(false, "the upgrade failed: no room"))
                .isEqualTo(new Verdict(
                        false,
                        "the upgrade failed: no room; 1 request could not connect; 2 requests lost their connection"
                                + " before the answer was whole; 3 connections were closed without having been told"
                                + " so; a client waited for 501 ms, and 500 ms is the most"));
    }

    @Test
    void shouldForgiveWhatAKilledProcessCannotKeep() {
        failed(Failure.UNANSWERED, CLIENTS);
        closed(CLIENTS);
        assertThat(verdict(true).passed()).isTrue();
        assertThat(verdict(true).sentence()).startsWith("10 requests and 10 idle connections ended with the process");
        assertThat(verdict(false).passed()).isFalse();
    }

    @Test
    void shouldForgiveEachClientOneOfThem() {
        failed(Failure.UNANSWERED, CLIENTS + 1);
        assertThat(verdict(true).passed()).isFalse();
    }

    @Test
    void shouldForgiveNoRefusalWhenTheProcessIsKilled() {
        failed(Failure.NOT_CONNECTED, 1);
        assertThat(verdict(true).passed()).isFalse();
    }
}
