package dev.baton.spi.tls;

/** Whether clients must show a certificate. */
public enum ClientAuth {
    /** A client without one is refused. */
    REQUIRE,
    /** A client may show one; a wrong one is refused. */
    OPTIONAL
}
