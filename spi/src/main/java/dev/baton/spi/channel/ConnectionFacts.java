package dev.baton.spi.channel;

import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * Who speaks with whom on a connection, as far as it is known. A load balancer in front has connections of its own to
 * this process; a filter that understands what it says about them replaces the socket's addresses by the real ones.
 *
 * @param client the address of the client; null if it is not known, for example when the connection has closed
 * @param server the address that the client has connected to; null if it is not known
 * @param tls what the handshake has settled; null if the client does not speak TLS with this process
 */
public record ConnectionFacts(
        @Nullable SocketAddress client,
        @Nullable SocketAddress server,
        @Nullable TlsFacts tls) {

    /** The facts of a connection without TLS. */
    public ConnectionFacts(@Nullable SocketAddress client, @Nullable SocketAddress server) {
        this(client, server, null);
    }

    /** The same connection with better addresses. */
    public ConnectionFacts withAddresses(@Nullable SocketAddress newClient, @Nullable SocketAddress newServer) {
        return new ConnectionFacts(newClient, newServer, tls);
    }

    /** The same connection after a TLS handshake. */
    public ConnectionFacts withTls(TlsFacts settled) {
        return new ConnectionFacts(client, server, settled);
    }
}
