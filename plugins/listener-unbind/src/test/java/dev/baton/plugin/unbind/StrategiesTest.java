package dev.baton.plugin.unbind;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.listener.Listener;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.ListenerResult.Outcome;
import dev.baton.spi.listener.ListenerState;
import dev.baton.spi.listener.UnbindStrategy;
import dev.baton.spi.listener.Unbinding;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** The strategies against a mechanism that is worked by hand: what they call, in which order, and what they tell. */
class StrategiesTest {

    /** Stages complete when the test says so; every call is written down. */
    private static final class ManualUnbinding implements Unbinding {
        final List<String> calls = new ArrayList<>();
        final CompletableFuture<Void> backlog = new CompletableFuture<>();
        final CompletableFuture<Void> portFree = new CompletableFuture<>();
        final CompletableFuture<Integer> ended = new CompletableFuture<>();
        final Duration grace;
        final int open;
        Duration left;
        int toClose;

        ManualUnbinding(int open, Duration grace) {
            this.open = open;
            this.grace = grace;
            this.left = grace;
        }

        @Override
        public Listener listener() {
            return new NamedListener(open);
        }

        @Override
        public Duration grace() {
            return grace;
        }

        @Override
        public Duration graceLeft() {
            return left;
        }

        @Override
        public CompletionStage<Void> acceptBacklog(Duration limit) {
            calls.add("accept within " + limit);
            return backlog;
        }

        @Override
        public CompletionStage<Void> deleteFd() {
            calls.add("delete");
            return portFree;
        }

        @Override
        public int drainConnections() {
            calls.add("drain");
            return open;
        }

        @Override
        public CompletionStage<Integer> connectionsEnded(Duration limit) {
            calls.add("ended within " + limit);
            return ended;
        }

        @Override
        public int closeConnections() {
            calls.add("close");
            return toClose;
        }
    }

    private record NamedListener(int connections) implements Listener {
        @Override
        public String name() {
            return "web";
        }

        @Override
        public String address() {
            return "127.0.0.1:8080";
        }

        @Override
        public ListenerState state() {
            return ListenerState.READY;
        }

        @Override
        public CompletionStage<ListenerResult> suspend() {
            throw new AssertionError("a strategy does not suspend");
        }

        @Override
        public CompletionStage<ListenerResult> resume() {
            throw new AssertionError("a strategy does not resume");
        }

        @Override
        public CompletionStage<ListenerResult> unbind(Duration grace) {
            throw new AssertionError("a strategy does not start an unbind");
        }
    }

    private static ListenerResult now(CompletionStage<ListenerResult> stage) {
        CompletableFuture<ListenerResult> future = stage.toCompletableFuture();
        assertThat(future).isCompleted();
        return future.join();
    }

    @Test
    void drainDeletesBeforeItDrainsAndWaitsForBoth() {
        ManualUnbinding unbinding = new ManualUnbinding(3, Duration.ofSeconds(30));
        CompletionStage<ListenerResult> stage = new DrainStrategy().unbind(unbinding);

        assertThat(unbinding.calls).containsExactly("delete", "drain", "ended within PT30S");
        unbinding.ended.complete(0);
        assertThat(stage.toCompletableFuture()).isNotDone();
        unbinding.portFree.complete(null);

        assertThat(now(stage))
                .isEqualTo(new ListenerResult(
                        "web", Outcome.UNBOUND, "127.0.0.1:8080 is free; 3 connections ended by themselves"));
        assertThat(unbinding.calls).doesNotContain("close");
    }

    @Test
    void drainClosesWhatIsLeftAfterTheGrace() {
        ManualUnbinding unbinding = new ManualUnbinding(3, Duration.ofMillis(250));
        unbinding.toClose = 2;
        CompletionStage<ListenerResult> stage = new DrainStrategy().unbind(unbinding);
        unbinding.portFree.complete(null);
        assertThat(unbinding.calls).doesNotContain("close");
        unbinding.ended.complete(2);

        assertThat(unbinding.calls).endsWith("close");
        assertThat(now(stage).detail())
                .isEqualTo(
                        "127.0.0.1:8080 is free; 1 connection ended by itself, 2 connections were closed after 250ms");
    }

    @Test
    void drainWithoutGraceAsksNobody() {
        ManualUnbinding unbinding = new ManualUnbinding(1, Duration.ZERO);
        unbinding.toClose = 1;
        CompletionStage<ListenerResult> stage = new DrainStrategy().unbind(unbinding);
        unbinding.ended.complete(1);
        unbinding.portFree.complete(null);

        assertThat(unbinding.calls).containsExactly("delete", "ended within PT0S", "close");
        assertThat(now(stage).detail()).isEqualTo("127.0.0.1:8080 is free; 1 connection was closed after 0s");
    }

    /** The backlog and then the connections share one grace time. */
    @Test
    void drainBacklogGivesConnectionsWhatTheBacklogHasLeft() {
        ManualUnbinding unbinding = new ManualUnbinding(1, Duration.ofSeconds(8));
        unbinding.toClose = 1;
        CompletionStage<ListenerResult> stage = new DrainBacklogStrategy().unbind(unbinding);

        assertThat(unbinding.calls).containsExactly("accept within PT5S");
        unbinding.left = Duration.ofSeconds(3);
        unbinding.backlog.complete(null);
        assertThat(unbinding.calls).containsExactly("accept within PT5S", "delete", "drain", "ended within PT3S");
        unbinding.portFree.complete(null);
        unbinding.ended.complete(1);
        assertThat(now(stage).detail()).isEqualTo("127.0.0.1:8080 is free; 1 connection was closed after 3s");
    }

    /** What took all of the grace time leaves none. */
    @Test
    void drainBacklogThatTookAllAsksNobody() {
        ManualUnbinding unbinding = new ManualUnbinding(1, Duration.ofSeconds(3));
        unbinding.toClose = 1;
        CompletionStage<ListenerResult> stage = new DrainBacklogStrategy().unbind(unbinding);
        unbinding.left = Duration.ZERO;
        unbinding.backlog.complete(null);
        assertThat(unbinding.calls).containsExactly("accept within PT3S", "delete", "ended within PT0S");
        unbinding.portFree.complete(null);
        unbinding.ended.complete(1);
        assertThat(now(stage).detail()).contains("1 connection was closed after 0s");
    }

    @Test
    void atOnceClosesWithoutAsking() {
        ManualUnbinding unbinding = new ManualUnbinding(2, Duration.ofSeconds(30));
        unbinding.toClose = 2;
        CompletionStage<ListenerResult> stage = new AtOnceStrategy().unbind(unbinding);

        assertThat(unbinding.calls).containsExactly("delete", "close");
        assertThat(stage.toCompletableFuture()).isNotDone();
        unbinding.portFree.complete(null);
        assertThat(now(stage).detail()).isEqualTo("127.0.0.1:8080 is free; 2 connections were closed at once");
    }

    @Test
    void anIdleListenerSaysSo() {
        ManualUnbinding unbinding = new ManualUnbinding(0, Duration.ofSeconds(1));
        CompletionStage<ListenerResult> stage = new AtOnceStrategy().unbind(unbinding);
        unbinding.portFree.complete(null);
        assertThat(now(stage).detail()).isEqualTo("127.0.0.1:8080 is free; no connection was open");
    }

    @Test
    void aPortThatDoesNotBecomeFreeIsAFailureThatStillTellsOfTheConnections() {
        Map<UnbindStrategy, String> told = Map.of(
                new DrainStrategy(),
                "1 connection ended by itself",
                new AtOnceStrategy(),
                "1 connection was closed at once");
        told.forEach((strategy, connections) -> {
            ManualUnbinding unbinding = new ManualUnbinding(1, Duration.ofSeconds(1));
            unbinding.toClose = 1;
            CompletionStage<ListenerResult> stage = strategy.unbind(unbinding);
            unbinding.portFree.completeExceptionally(new IOException("cannot bind tcp 127.0.0.1:8080: EADDRINUSE"));
            unbinding.ended.complete(0);

            ListenerResult result = now(stage);
            assertThat(result.outcome()).isEqualTo(Outcome.FAILED);
            assertThat(result.detail()).isEqualTo("cannot bind tcp 127.0.0.1:8080: EADDRINUSE; " + connections);
        });
    }

    @Test
    void aMechanismThatFailsIsAResultAndNoException() {
        ManualUnbinding unbinding = new ManualUnbinding(1, Duration.ofSeconds(1));
        CompletionStage<ListenerResult> stage = new DrainStrategy().unbind(unbinding);
        unbinding.portFree.complete(null);
        unbinding.ended.completeExceptionally(new IllegalStateException("no timer"));
        assertThat(now(stage)).isEqualTo(new ListenerResult("web", Outcome.FAILED, "unbind failed: no timer"));
    }
}
