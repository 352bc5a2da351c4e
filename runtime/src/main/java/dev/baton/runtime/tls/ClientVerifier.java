package dev.baton.runtime.tls;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Verifies the certificates of clients as the JDK does, and chooses the alert for those that it refuses. Any thread.
 */
final class ClientVerifier extends X509ExtendedTrustManager {
    private final X509ExtendedTrustManager jdk;

    /**
     * One that trusts these.
     *
     * @throws IllegalArgumentException if this JDK cannot verify with them
     */
    ClientVerifier(List<X509Certificate> ca) {
        jdk = ServerVerifier.ofTheJdk(ca, "those in 'client-ca'");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        try {
            jdk.checkClientTrusted(chain, type, engine);
        } catch (CertificateException refused) {
            throw CertificateAlert.of(refused);
        }
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return jdk.getAcceptedIssuers();
    }

    // ---- what no engine calls -------------------------------------------------------------------------------------

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
        throw noEngine();
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        throw noEngine();
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
        throw noEngine();
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        throw noEngine();
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        throw noEngine();
    }

    private static CertificateException noEngine() {
        return new CertificateException("only clients are verified, and only by an engine");
    }
}
