package dev.baton.runtime.tls;

import java.util.Locale;

/** Why TLS with a server has failed: the values of the label {@code reason}. */
enum ClientTlsFailure {
    /** What it sends is no TLS. */
    NOT_TLS,
    /** No authority that is trusted has signed its certificate. */
    UNKNOWN_AUTHORITY,
    /** Its certificate is for other names. */
    WRONG_NAME,
    /** Its certificate, or one behind it, has expired, or is not valid yet. */
    EXPIRED,
    /** Its certificate is refused for another reason. */
    CERTIFICATE,
    /** It does not speak the protocol that it must. */
    ALPN,
    /** It has refused: in the handshake, or, with a certificate of ours that it does not take, right behind it. */
    ALERT,
    /** The handshake failed otherwise: no version or cipher suite in common, for example. */
    HANDSHAKE,
    /** The handshake was not done within {@code connect-timeout}. */
    TIMEOUT,
    /** It has left before the handshake was done. */
    SERVER_LEFT,
    /** This process has closed the connection before the handshake was done: at a stop, for example. */
    CUT,
    /** What came later could not be decrypted. */
    RECORD;

    /** As the metric has it. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
