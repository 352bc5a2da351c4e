package dev.baton.plugin.tls;

import dev.baton.spi.admin.AdminView;
import dev.baton.spi.tls.Tls;
import jakarta.inject.Inject;
import java.util.List;

/** The certificates that clients and servers are shown. */
public final class CertificatesView implements AdminView {
    private final Tls tls;

    /** By Guice. */
    @Inject
    CertificatesView(Tls tls) {
        this.tls = tls;
    }

    @Override
    public List<? extends Record> rows() {
        return tls.certificates();
    }
}
