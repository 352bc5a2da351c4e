package dev.baton.spi.upstream;

/** What the servers of an upstream speak; {@code protocol} in its configuration. */
public enum UpstreamProtocol {
    /** HTTP/1.1, or bytes that the service does not look at. A connection serves one exchange at a time. */
    HTTP_1_1("http/1.1", "http/1.1"),
    /** HTTP/2: in the clear with prior knowledge (RFC 9113, section 3.3), over TLS by ALPN. */
    HTTP_2("http/2", "h2");

    private final String word;
    private final String alpn;

    UpstreamProtocol(String word, String alpn) {
        this.word = word;
        this.alpn = alpn;
    }

    /** Its name in a TLS handshake (RFC 7301). */
    public String alpn() {
        return alpn;
    }

    /** As it stands in the configuration. */
    @Override
    public String toString() {
        return word;
    }
}
