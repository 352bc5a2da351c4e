package dev.baton.spi.upstream;

import java.net.ConnectException;

/**
 * A server was reached, and no TLS handshake with it was completed: it is not the one that was meant, for example. To a
 * service it is one more way in which a connect can fail: nothing was sent.
 */
public final class TlsHandshakeException extends ConnectException {
    private static final long serialVersionUID = 1;

    /**
     * Makes one.
     *
     * @param message which server, and why, for people
     * @param cause what the TLS library says
     */
    public TlsHandshakeException(String message, Throwable cause) {
        super(message);
        initCause(cause);
    }
}
