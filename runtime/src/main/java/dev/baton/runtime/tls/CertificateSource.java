package dev.baton.runtime.tls;

import dev.baton.spi.tls.CertificateFiles;
import org.jspecify.annotations.Nullable;

/**
 * Where a certificate comes from.
 *
 * @param name as views, logs and metrics have it
 * @param files what it is read from; null if a plugin has published it
 */
record CertificateSource(String name, @Nullable CertificateFiles files) {
    static CertificateSource of(CertificateFiles files) {
        return new CertificateSource(files.certificate().toString(), files);
    }

    static CertificateSource published(String plugin, String name) {
        return new CertificateSource(plugin + ":" + name, null);
    }
}
