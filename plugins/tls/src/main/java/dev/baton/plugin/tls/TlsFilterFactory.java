package dev.baton.plugin.tls;

import dev.baton.spi.Configured;
import dev.baton.spi.filter.ConnectionFilter;
import dev.baton.spi.tls.ServerTlsConfig;
import dev.baton.spi.tls.Tls;
import jakarta.inject.Inject;

/** Makes one filter for each use. */
public final class TlsFilterFactory implements Configured<ServerTlsConfig, ConnectionFilter> {
    private final Tls tls;

    /** By Guice. */
    @Inject
    TlsFilterFactory(Tls tls) {
        this.tls = tls;
    }

    @Override
    public ConnectionFilter create(ServerTlsConfig config) {
        return tls.server(config);
    }
}
