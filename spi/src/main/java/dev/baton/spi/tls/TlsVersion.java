package dev.baton.spi.tls;

/** A version of TLS that this process speaks. Older ones are broken. */
public enum TlsVersion {
    /** RFC 5246. */
    TLS_1_2("TLSv1.2"),
    /** RFC 8446. */
    TLS_1_3("TLSv1.3");

    private final String word;

    TlsVersion(String word) {
        this.word = word;
    }

    /** As the configuration and the JDK name it: {@code TLSv1.3}. */
    @Override
    public String toString() {
        return word;
    }
}
