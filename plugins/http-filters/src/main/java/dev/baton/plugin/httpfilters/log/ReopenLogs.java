package dev.baton.plugin.httpfilters.log;

import dev.baton.spi.admin.AdminAction;
import jakarta.inject.Inject;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** {@code POST /v1/logs/reopen}: opens the files of the access logs again, after a rotation has renamed them. */
public final class ReopenLogs implements AdminAction<ReopenLogs.Nothing> {
    private final LogFiles files;

    /** It has no parameters. */
    public record Nothing() {}

    /**
     * What was done.
     *
     * @param files that are open anew
     * @param failed files that could not be opened; the log says why
     */
    public record Reopened(int files, int failed) {}

    @Inject
    ReopenLogs(LogFiles files) {
        this.files = files;
    }

    @Override
    public CompletionStage<Reopened> act(Nothing nothing) {
        List<CompletableFuture<Boolean>> all = files.all().stream()
                .map(file -> file.reopen().toCompletableFuture())
                .toList();
        return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).thenApply(done -> {
            int opened = (int) all.stream().filter(CompletableFuture::join).count();
            return new Reopened(opened, all.size() - opened);
        });
    }
}
