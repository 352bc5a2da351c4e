package dev.baton.plugin.unbind;

import dev.baton.spi.listener.Listener;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.ListenerResult.Outcome;
import dev.baton.spi.listener.Unbinding;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

/** What the strategies say about an unbind that is over. */
final class Outcomes {

    private Outcomes() {}

    /** Completes when both stages have, never exceptionally: unbound, or why the port is not free. */
    static CompletionStage<ListenerResult> join(
            Unbinding unbinding, CompletionStage<Void> portFree, CompletionStage<String> connections) {
        // The port's failure becomes text here, and not in one handler behind both stages: a port that cannot be had
        // back
        // must not hide what became of the connections.
        CompletionStage<String> port = portFree.handle((nothing, failure) -> failure == null ? "" : reason(failure));
        return port.thenCombine(connections, (problem, ended) -> result(unbinding, problem, ended))
                .exceptionally(failure -> new ListenerResult(
                        unbinding.listener().name(), Outcome.FAILED, "unbind failed: " + reason(failure)));
    }

    private static ListenerResult result(Unbinding unbinding, String problem, String ended) {
        Listener listener = unbinding.listener();
        Outcome outcome = problem.isEmpty() ? unbinding.outcome() : Outcome.FAILED;
        String address = switch (outcome) {
            case FAILED -> problem;
            case RELEASED -> listener.address() + " is closed here, other processes may hold it";
            default -> listener.address() + " is free";
        };
        Optional<Integer> abandoned = unbinding.abandoned();
        String left = abandoned
                .filter(count -> count > 0)
                .map(count ->
                        "; " + connections(count) + " in the backlog " + (count == 1 ? "was" : "were") + " abandoned")
                .orElse("");
        return new ListenerResult(listener.name(), outcome, address + "; " + ended + left, abandoned);
    }

    /** No connection had to be closed. */
    static String ended(int open) {
        return open == 0 ? "no connection was open" : connections(open) + " ended by " + themselves(open);
    }

    /** Some had to be closed. */
    static String cut(int open, int closed, String when) {
        // More can be closed than were open at first: a loop may have been about to accept.
        int ended = Math.max(0, open - closed);
        String cut = connections(closed) + (closed == 1 ? " was" : " were") + " closed " + when;
        return ended == 0 ? cut : connections(ended) + " ended by " + themselves(ended) + ", " + cut;
    }

    /** A time in the form of the configuration: {@code 30s}, {@code 250ms}. */
    static String text(Duration time) {
        return time.toMillis() % 1000 == 0 ? time.toSeconds() + "s" : time.toMillis() + "ms";
    }

    private static String connections(int count) {
        return count == 1 ? "1 connection" : count + " connections";
    }

    private static String themselves(int count) {
        return count == 1 ? "itself" : "themselves";
    }

    private static String reason(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        String message = cause.getMessage();
        return message == null ? cause.toString() : message;
    }
}
