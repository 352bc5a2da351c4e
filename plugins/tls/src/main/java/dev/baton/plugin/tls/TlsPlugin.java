package dev.baton.plugin.tls;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.tls.ServerTlsConfig;

/** The entry point. */
public final class TlsPlugin implements Plugin {
    @Override
    public void configure(PluginBinder binder) {
        binder.connectionFilter("tls", ServerTlsConfig.class, TlsFilterFactory.class);
        binder.httpFilter("client-certificate", ClientCertificate.Nothing.class, ClientCertificate.Factory.class);
        binder.adminView("certificates", CertificatesView.class);
        binder.adminAction("certificates/reload", ReloadAction.Nothing.class, ReloadAction.class);
    }
}
