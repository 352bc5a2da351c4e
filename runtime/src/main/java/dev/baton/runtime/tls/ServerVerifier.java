package dev.baton.runtime.tls;

import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSession;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Verifies the certificates of servers as the JDK does, and says in plain words why it refuses one. The name is
 * verified because the engines are told to ("HTTPS", RFC 2818). Any thread.
 */
final class ServerVerifier extends X509ExtendedTrustManager {
    private static final int DNS_NAME = 2;
    private static final int IP_ADDRESS = 7;
    /** A certificate may have hundreds. */
    private static final int NAMES_SHOWN_MAX = 4;

    private final X509ExtendedTrustManager jdk;
    private final String authorities;

    /**
     * One that trusts these.
     *
     * @param ca null: those that the JDK trusts
     * @param authorities what they are called, for people
     * @throws IllegalArgumentException if this JDK cannot verify with them
     */
    ServerVerifier(@Nullable List<X509Certificate> ca, String authorities) {
        this.authorities = authorities;
        this.jdk = ofTheJdk(ca, authorities);
    }

    /** That of the JDK which trusts these. */
    static X509ExtendedTrustManager ofTheJdk(@Nullable List<X509Certificate> ca, String authorities) {
        try {
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(ca == null ? null : store(ca));
            for (TrustManager each : factory.getTrustManagers()) {
                if (each instanceof X509ExtendedTrustManager verifies) {
                    return verifies;
                }
            }
        } catch (GeneralSecurityException | java.io.IOException e) {
            throw new IllegalArgumentException(authorities + " cannot be used: " + e.getMessage(), e);
        }
        throw new IllegalArgumentException("this JDK verifies no certificates");
    }

    private static KeyStore store(List<X509Certificate> ca) throws GeneralSecurityException, java.io.IOException {
        KeyStore store = KeyStore.getInstance("JKS"); // the default type takes a while for each certificate
        store.load(null, null);
        for (int i = 0; i < ca.size(); i++) {
            store.setCertificateEntry(Integer.toString(i), ca.get(i));
        }
        return store;
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        try {
            jdk.checkServerTrusted(chain, type, engine);
        } catch (CertificateException refused) {
            throw CertificateAlert.of(because(refused, chain, type, engine));
        }
    }

    private RefusedServerException because(
            CertificateException refused, X509Certificate[] chain, String type, SSLEngine engine) {
        RefusedServerException expired = isOfThePath(refused) ? expired(refused, chain) : null;
        if (expired != null) {
            return expired;
        }
        try {
            jdk.checkServerTrusted(chain, type); // whatever its names are
        } catch (CertificateException untrusted) {
            return causedBy(untrusted, CertPathBuilderException.class)
                    ? new RefusedServerException(
                            ClientTlsFailure.UNKNOWN_AUTHORITY,
                            "its certificate, issued by "
                                    + chain[0].getIssuerX500Principal().getName()
                                    + ", is not signed by any of " + authorities,
                            refused)
                    : new RefusedServerException(
                            ClientTlsFailure.CERTIFICATE,
                            "its certificate is refused: " + refused.getMessage(),
                            refused);
        }
        SSLSession session = engine.getHandshakeSession();
        String asked = String.valueOf(session == null ? engine.getPeerHost() : session.getPeerHost());
        return new RefusedServerException(
                ClientTlsFailure.WRONG_NAME,
                asked.contains("_")
                        ? "no certificate can be verified for " + asked + ", because of the underscore"
                        : "its certificate is for " + names(chain[0]) + ", and not for " + asked,
                refused);
    }

    /** Whether no way from the certificate to an authority holds; else its names are refused. */
    private static boolean isOfThePath(CertificateException refused) {
        return causedBy(refused, CertPathBuilderException.class)
                || causedBy(refused, CertPathValidatorException.class)
                || causedBy(refused, CertificateExpiredException.class)
                || causedBy(refused, CertificateNotYetValidException.class);
    }

    private static @Nullable RefusedServerException expired(CertificateException refused, X509Certificate[] chain) {
        for (X509Certificate each : chain) {
            try {
                each.checkValidity();
            } catch (CertificateExpiredException e) {
                return new RefusedServerException(
                        ClientTlsFailure.EXPIRED,
                        which(each, chain) + " has expired on "
                                + each.getNotAfter().toInstant(),
                        refused);
            } catch (CertificateNotYetValidException e) {
                return new RefusedServerException(
                        ClientTlsFailure.EXPIRED,
                        which(each, chain) + " is not valid before "
                                + each.getNotBefore().toInstant(),
                        refused);
            }
        }
        return null;
    }

    private static String which(X509Certificate each, X509Certificate[] chain) {
        return each.equals(chain[0])
                ? "its certificate"
                : "the certificate of " + each.getSubjectX500Principal().getName() + " behind its own";
    }

    private static boolean causedBy(Throwable thrown, Class<? extends Throwable> type) {
        for (Throwable each = thrown; each != null; each = each.getCause()) {
            if (type.isInstance(each)) {
                return true;
            }
        }
        return false;
    }

    private static String names(X509Certificate certificate) {
        List<String> names = new ArrayList<>();
        try {
            Collection<List<?>> alternatives = certificate.getSubjectAlternativeNames();
            if (alternatives != null) {
                for (List<?> each : alternatives) {
                    if (each.get(0).equals(DNS_NAME) || each.get(0).equals(IP_ADDRESS)) {
                        names.add(String.valueOf(each.get(1)));
                    }
                }
            }
        } catch (CertificateParsingException unreadable) {
            return "names that cannot be read";
        }
        if (names.isEmpty()) {
            return certificate.getSubjectX500Principal().getName();
        }
        List<String> shown = names.subList(0, Math.min(names.size(), NAMES_SHOWN_MAX));
        return String.join(", ", shown)
                + (names.size() > NAMES_SHOWN_MAX ? " and " + (names.size() - NAMES_SHOWN_MAX) + " more" : "");
    }

    // ---- what no engine calls -------------------------------------------------------------------------------------

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return jdk.getAcceptedIssuers();
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
    public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
        throw noEngine();
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        throw noEngine();
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        throw noEngine();
    }

    private static CertificateException noEngine() {
        return new CertificateException("only servers are verified, and only by an engine that knows their names");
    }
}
