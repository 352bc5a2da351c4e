package dev.baton.plugin.chaos;

import dev.baton.spi.admin.AdminAction;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * {@code POST /v1/chaos/crash}: ends the process at once, as {@code kill -9} does. Nothing is drained, closed or said,
 * and no answer comes.
 */
final class CrashAction implements AdminAction<CrashAction.Nothing> {
    /** As a shell tells of a process that was killed: 128 and the number of SIGKILL. */
    private static final int KILLED = 137;

    /** It takes no parameters. */
    record Nothing() {}

    @Override
    public CompletionStage<Nothing> act(Nothing nothing) {
        Runtime.getRuntime().halt(KILLED);
        return new CompletableFuture<>();
    }
}
