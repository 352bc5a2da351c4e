package dev.baton.spi.tls;

import dev.baton.spi.ByBaton;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.threading.OffLoop;

/**
 * Certificates that a plugin gets by itself, for example from a certificate authority. To be injected: each plugin has
 * a store of its own, whose names are no other plugin's.
 *
 * <p>Listeners whose {@code tls} has no {@code certificates}, or has {@code store: true}, show the certificates of all
 * stores. The name that the client asks for says which, as with those from files; a name that a certificate from a file
 * has, exactly or by a wildcard, is the file's. A change is for new handshakes: connections, and handshakes that have
 * begun, keep what they have.
 */
@ByBaton
public interface CertificateStore {

    /**
     * Publishes a certificate, or puts it in the place of the one that was published under the same name. All at once:
     * each handshake has the one or the other. Cost: some milliseconds a listener.
     *
     * @param name what the certificate is called in views, logs and metrics, as {@code PLUGIN:NAME}
     * @throws IllegalArgumentException if the key is not the certificate's, is not of RSA or EC, or the TLS library
     *     refuses it; what was published before stays
     */
    @OffLoop
    void publish(String name, CertifiedKey key);

    /** Takes a certificate back. Does nothing if there is none of this name. */
    @OffLoop
    void withdraw(String name);

    /**
     * Answers the challenge {@code tls-alpn-01} (RFC 8737) for a name, on all listeners with TLS, until
     * {@link #endChallenge}: a client that asks for this name and offers no protocol but {@code acme-tls/1} is shown
     * this certificate, and its connection is closed after the handshake.
     *
     * @param serverName the name to prove control of; compared without case
     * @param key the certificate with the proof
     * @throws IllegalArgumentException if the TLS library refuses it
     */
    @OffLoop
    void answerChallenge(String serverName, CertifiedKey key);

    /** Answers the challenge for this name no longer. */
    @AnyThread
    void endChallenge(String serverName);
}
