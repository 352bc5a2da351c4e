package dev.baton.runtime.tls;

import java.util.Locale;

/** Why TLS with a client has failed: the values of the label {@code reason}. */
enum TlsFailure {
    /** What it sends is no TLS. */
    NOT_TLS,
    /** Its ClientHello is longer than any that a client has reason to send. */
    CLIENT_HELLO_TOO_LONG,
    /** Its ClientHello cannot be read. */
    CLIENT_HELLO_MALFORMED,
    /** It asks for a name for which there is no certificate. */
    UNKNOWN_NAME,
    /** There is no certificate at all yet. */
    NO_CERTIFICATE,
    /** It speaks none of the protocols that the service does. */
    ALPN,
    /** It showed no certificate where it must, or a wrong one. */
    CLIENT_CERTIFICATE,
    /** The handshake failed otherwise: no version or cipher suite in common, for example. */
    HANDSHAKE,
    /** It has left before the handshake was done. */
    CLIENT_LEFT,
    /**
     * This process has cut it before the handshake was done: after accept-timeout, at a stop, or for want of memory.
     */
    CUT,
    /** It wanted another handshake later. */
    RENEGOTIATION,
    /** What came later could not be decrypted. */
    RECORD;

    /** As the metric has it. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
