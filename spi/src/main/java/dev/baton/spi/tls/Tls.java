package dev.baton.spi.tls;

import dev.baton.spi.ByBaton;
import dev.baton.spi.filter.ConnectionFilter;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.threading.OffLoop;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** Speaks TLS, by BoringSSL where its library is there for this machine, else by the JDK. To be injected. */
@ByBaton
public interface Tls {

    /**
     * The server's side of TLS, for one listener. Its filter lets a connection pass when the handshake is done, with
     * {@link dev.baton.spi.channel.TlsFacts}; what the client sends is decrypted for whatever stands behind it.
     *
     * @throws IllegalArgumentException if the files have changed since the configuration was read, and are wrong now
     */
    @OffLoop
    ConnectionFilter server(ServerTlsConfig config);

    /** What clients and servers are shown. */
    @AnyThread
    List<CertificateSnapshot> certificates();

    /**
     * Reads all files of certificates again, as happens by itself within seconds when they change. What is wrong is
     * told and logged, and what was read before stays.
     */
    @AnyThread
    CompletionStage<CertificatesReloaded> reload();
}
