package dev.baton.runtime.tls;

import dev.baton.spi.tls.CertificateStore;
import dev.baton.spi.tls.CertifiedKey;

/** The certificate store of one plugin. */
final class PluginCertificates implements CertificateStore {
    private final LiveTls tls;
    private final String plugin;

    PluginCertificates(LiveTls tls, String plugin) {
        this.tls = tls;
        this.plugin = plugin;
    }

    @Override
    public void publish(String name, CertifiedKey key) {
        String algorithm = key.certificate().getPublicKey().getAlgorithm();
        if (!algorithm.equals("RSA") && !algorithm.equals("EC")) {
            throw new IllegalArgumentException(
                    "the certificate " + name + " has a key of " + algorithm + ": expected RSA or EC");
        }
        if (!key.fits()) {
            throw new IllegalArgumentException("the key is not the key of the certificate " + name);
        }
        tls.publish(CertificateSource.published(plugin, name), key);
    }

    @Override
    public void withdraw(String name) {
        tls.withdraw(CertificateSource.published(plugin, name));
    }

    @Override
    public void answerChallenge(String serverName, CertifiedKey key) {
        tls.challenges().answer(serverName, key);
    }

    @Override
    public void endChallenge(String serverName) {
        tls.challenges().end(serverName);
    }
}
