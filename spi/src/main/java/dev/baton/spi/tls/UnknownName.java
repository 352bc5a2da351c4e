package dev.baton.spi.tls;

/** What a client is shown that asks for a name for which there is no certificate. */
public enum UnknownName {
    /** The first certificate. */
    DEFAULT,
    /** None: the handshake fails with the alert {@code unrecognized_name}. Also if the client asks for no name. */
    REFUSE
}
