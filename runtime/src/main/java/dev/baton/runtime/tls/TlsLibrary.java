package dev.baton.runtime.tls;

import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslProvider;
import io.netty.internal.tcnative.SSL;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What speaks TLS in this process: BoringSSL, by netty-tcnative, where its native library can be loaded, else the JDK,
 * whose handshakes take three to four times the processor time.
 */
public final class TlsLibrary {
    private static final Logger LOG = LoggerFactory.getLogger(TlsLibrary.class);

    /** Before the first use of the JDK's TLS: a client that renegotiates would keep this process busy. */
    private static final String JDK_REJECTS_RENEGOTIATION = "jdk.tls.rejectClientInitiatedRenegotiation";

    /** Chosen at the first use. */
    private static final class Chosen {
        static final SslProvider PROVIDER;
        static final String WHY_NOT_BORINGSSL;

        static {
            boolean native_ = OpenSsl.isAvailable();
            PROVIDER = native_ ? SslProvider.OPENSSL : SslProvider.JDK;
            Throwable cause = native_ ? null : OpenSsl.unavailabilityCause();
            WHY_NOT_BORINGSSL = cause == null ? "" : words(cause);
            if (cause != null) {
                LOG.debug("there is no BoringSSL", cause);
                System.setProperty(JDK_REJECTS_RENEGOTIATION, "true");
            }
        }

        private static String words(Throwable cause) {
            String message = cause.getMessage();
            return message == null
                    ? cause.getClass().getSimpleName()
                    : message.lines().findFirst().orElse("");
        }
    }

    private TlsLibrary() {}

    /** What Netty calls it. */
    static SslProvider provider() {
        return Chosen.PROVIDER;
    }

    /** True if it is BoringSSL. */
    public static boolean isBoringSsl() {
        return provider() == SslProvider.OPENSSL;
    }

    /** Takes session tickets with TLS 1.2 too, for which Netty leaves them off: most servers resume nothing without. */
    @SuppressWarnings("deprecation") // nothing else gives the pointer
    static void useTickets(SSLEngine client) {
        if (client instanceof ReferenceCountedOpenSslEngine boring) {
            SSL.clearOptions(boring.sslPointer(), SSL.SSL_OP_NO_TICKET);
        }
    }

    /**
     * Whether a handshake with a server, which is done, has resumed a session.
     *
     * @param begunMillis when it began, by the clock of sessions
     */
    @SuppressWarnings("deprecation") // nothing else says so
    static boolean hasResumed(SSLEngine engine, SSLSession session, long begunMillis) {
        if (engine instanceof ReferenceCountedOpenSslEngine boring) {
            long pointer = boring.sslPointer();
            return pointer != 0 && SSL.isSessionReused(pointer);
        }
        return session.getCreationTime() < begunMillis; // the JDK does not say it; a session keeps its age
    }

    /** Which it is, and why not BoringSSL, for the lines of the start. */
    public static String line() {
        return isBoringSsl()
                ? "TLS by BoringSSL"
                : "TLS by the JDK, which is slower (no BoringSSL: " + Chosen.WHY_NOT_BORINGSSL + ")";
    }
}
