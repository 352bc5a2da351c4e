package dev.baton.spi.tls;

import java.util.List;

/**
 * A cipher suite of TLS 1.2 that can be chosen: those with forward secrecy that every TLS library has. The suites of
 * TLS 1.3 are all secure and cannot be chosen.
 */
public enum CipherSuite {
    /** For certificates with EC keys. */
    ECDHE_ECDSA_AES_128_GCM("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
    /** For certificates with RSA keys. */
    ECDHE_RSA_AES_128_GCM("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    /** For certificates with EC keys. */
    ECDHE_ECDSA_AES_256_GCM("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
    /** For certificates with RSA keys. */
    ECDHE_RSA_AES_256_GCM("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
    /** For certificates with EC keys. */
    ECDHE_ECDSA_CHACHA20("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
    /** For certificates with RSA keys. */
    ECDHE_RSA_CHACHA20("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    /** For certificates with EC keys and clients of before 2014; not by default. */
    ECDHE_ECDSA_AES_128_CBC("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"),
    /** For certificates with RSA keys and clients of before 2014; not by default. */
    ECDHE_RSA_AES_128_CBC("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
    /** For certificates with EC keys and clients of before 2014; not by default. */
    ECDHE_ECDSA_AES_256_CBC("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"),
    /** For certificates with RSA keys and clients of before 2014; not by default. */
    ECDHE_RSA_AES_256_CBC("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA");

    private final String word;

    CipherSuite(String word) {
        this.word = word;
    }

    /** True for the suites that are used where the configuration names none. */
    public boolean isDefault() {
        return isForHttp2();
    }

    /** True for the suites that HTTP/2 may be spoken with (RFC 9113, appendix A): those without CBC. */
    public boolean isForHttp2() {
        return !word.endsWith("_SHA");
    }

    /**
     * Whether HTTP/2 may be spoken where these are chosen (RFC 9113, section 9.2.2).
     *
     * @param versions of TLS; empty for all
     * @param chosen suites of TLS 1.2; empty for the default ones
     */
    public static boolean allowHttp2(List<TlsVersion> versions, List<CipherSuite> chosen) {
        return chosen.isEmpty()
                || (!versions.isEmpty() && !versions.contains(TlsVersion.TLS_1_2))
                || chosen.stream().anyMatch(CipherSuite::isForHttp2);
    }

    /** Its IANA name. */
    @Override
    public String toString() {
        return word;
    }
}
