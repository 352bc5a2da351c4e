package dev.baton.runtime.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import dev.baton.runtime.listener.SharedListener;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.ListenerResult.Outcome;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** F14: a drain ends the process or is revoked, never both; and what drained before still counts after that. */
class ShutdownTest {
    private static final Duration GRACE = Duration.ofSeconds(10);

    private static final ListenerResult RESULT = new ListenerResult("web", Outcome.UNBOUND, "");

    private final Machine machine = mock();

    private ShutdownTest() {
        when(machine.timer()).thenReturn((delay, task) -> {});
    }

    private static SharedListener listener(CompletableFuture<ListenerResult> unbound, int open) {
        SharedListener listener = mock();
        when(listener.unbind(any())).thenReturn(unbound);
        when(listener.openConnections()).thenReturn(open);
        return listener;
    }

    private Shutdown of(SharedListener listener, @Nullable Shutdown earlier) {
        return new Shutdown(() -> List.of(List.of(listener)), machine, earlier);
    }

    @Test
    void whoeverComesFirstDecides() {
        Shutdown ends = new Shutdown(List::of, machine, null);
        assertThat(ends.end()).isTrue();
        assertThat(ends.revoke()).isFalse();
        assertThat(ends.end()).as("asked again, by the hard stop").isTrue();

        Shutdown revoked = new Shutdown(List::of, machine, null);
        assertThat(revoked.revoke()).isTrue();
        assertThat(revoked.end()).isFalse();
    }

    @Test
    void whatDrainedBeforeARevocationEndsWithTheNextStop() {
        CompletableFuture<ListenerResult> before = new CompletableFuture<>();
        CompletableFuture<ListenerResult> after = new CompletableFuture<>();
        Shutdown first = of(listener(before, 2), null);
        first.stop(GRACE);
        assertThat(first.revoke()).isTrue();
        Shutdown second = of(listener(after, 3), first);
        assertThat(second.begun()).isNotDone();
        assertThat(second.connections()).isEqualTo(5);

        second.stop(Duration.ZERO);
        after.complete(RESULT);
        assertThat(second.ended()).isNotDone();
        assertThat(first.left()).as("cut short too").isZero();
        before.complete(RESULT);
        assertThat(second.ended()).isDone();
        assertThat(second.ended().join().served()).isEqualTo(5);
    }
}
