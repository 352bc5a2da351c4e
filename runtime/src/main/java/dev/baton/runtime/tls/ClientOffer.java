package dev.baton.runtime.tls;

import dev.baton.spi.channel.MovableChannel;
import io.netty.channel.ChannelHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.NetUtil;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/** What is offered to the servers of one upstream in handshakes for connections of one protocol. Any thread. */
public final class ClientOffer {
    private final ClientTls tls;
    private final List<String> protocols;
    private final boolean required;
    private volatile SslContext context;

    ClientOffer(ClientTls tls, List<String> protocols, boolean required, SslContext context) {
        this.tls = tls;
        this.protocols = protocols;
        this.required = required;
        this.context = context;
    }

    boolean isOf(List<String> others, boolean mustTake) {
        return protocols.equals(others) && required == mustTake;
    }

    List<String> protocols() {
        return protocols;
    }

    void replace(SslContext now) {
        context = now;
    }

    ClientTls tls() {
        return tls;
    }

    /** Whether the server must have agreed to one of the protocols. */
    boolean isRequired() {
        return required;
    }

    boolean isCurrent(SslContext of) {
        return context.equals(of);
    }

    /** Whether a connection was opened with what is offered now. Under the claim on it. */
    public boolean isCurrent(MovableChannel connection) {
        ClientHandshake handshake = connection.pipeline().get(ClientHandshake.class);
        return handshake != null && handshake.isCurrent();
    }

    /**
     * Adds the handlers of a handshake to a connection that is not open yet.
     *
     * @param server the server, for people
     * @param host its name or address; null if it has none
     * @param index tells the sessions of servers apart
     * @param initializer sets up what stands behind them, when the handshake is done
     * @throws IllegalArgumentException if there is no name that could be verified
     */
    public ClientHandshake begin(
            MovableChannel connection, String server, @Nullable String host, int index, ChannelHandler initializer) {
        Optional<String> configured = tls.config().serverName();
        String name = configured.isPresent() ? configured.get() : host;
        if (name == null && tls.config().verify()) {
            throw new IllegalArgumentException(
                    "it has no name that its certificate could have; set 'server-name' in upstreams." + tls.upstream()
                            + ".tls");
        }
        SslContext with = context;
        // The port is only what the library tells sessions of one name apart by.
        SslHandler handler = with.newHandler(connection.alloc(), name, index + 1);
        handler.setHandshakeTimeoutMillis(0); // connect-timeout it is
        SSLParameters parameters = handler.engine().getSSLParameters();
        parameters.setServerNames(
                name == null || isAddress(name)
                        ? List.of()
                        : List.of(new SNIHostName(name.getBytes(StandardCharsets.US_ASCII))));
        handler.engine().setSSLParameters(parameters);
        TlsLibrary.useTickets(handler.engine());
        RecordBounds bounds = new RecordBounds();
        ClientHandshake handshake = new ClientHandshake(this, with, bounds, handler, server, initializer);
        connection.pipeline().addLast(bounds, handler, handshake);
        return handshake;
    }

    /** No address is asked for (RFC 6066, section 3). */
    private static boolean isAddress(String name) {
        return NetUtil.isValidIpV4Address(name) || NetUtil.isValidIpV6Address(name);
    }
}
