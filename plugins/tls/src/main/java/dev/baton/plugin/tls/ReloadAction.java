package dev.baton.plugin.tls;

import dev.baton.spi.admin.AdminAction;
import dev.baton.spi.tls.CertificatesReloaded;
import dev.baton.spi.tls.Tls;
import jakarta.inject.Inject;
import java.util.concurrent.CompletionStage;

/** Reads the files of certificates again. */
public final class ReloadAction implements AdminAction<ReloadAction.Nothing> {
    private final Tls tls;

    /** It has no parameters. */
    public record Nothing() {}

    /** By Guice. */
    @Inject
    ReloadAction(Tls tls) {
        this.tls = tls;
    }

    @Override
    public CompletionStage<CertificatesReloaded> act(Nothing parameters) {
        return tls.reload();
    }
}
