package dev.baton.runtime.tls;

import dev.baton.spi.channel.MovableChannel;
import io.netty.channel.ChannelHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.NetUtil;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/** What is offered to the servers of one upstream in handshakes for connections of one protocol. Any thread. */
public final class ClientOffer {
    /** Bits of a server's index in what the library tells sessions apart by. */
    private static final int INDEX_BITS = 20;

    private final ClientTls tls;
    private final List<String> protocols;
    private final boolean required;
    private final AtomicReference<Sessions> sessions = new AtomicReference<>(Sessions.FIRST);
    private volatile SslContext context;

    /**
     * The sessions that may be resumed. Those of an earlier generation are never offered: the library drops them when
     * they are old, or make room for others.
     *
     * @param untilMillis when the first of the certificates expires that they were begun with, by the system's clock
     */
    private record Sessions(int generation, long untilMillis) {
        static final Sessions FIRST = new Sessions(0, Long.MAX_VALUE);

        Sessions at(long nowMillis) {
            return nowMillis > untilMillis ? next() : this;
        }

        Sessions next() {
            return new Sessions(generation + 1, Long.MAX_VALUE);
        }

        Sessions until(long millis) {
            return millis < untilMillis ? new Sessions(generation, millis) : this;
        }
    }

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

    /** A server has shown a certificate that expires then: no session is offered after that. */
    void sessionsEnd(long millis) {
        sessions.updateAndGet(now -> now.until(millis));
    }

    /** No session of this generation is offered again. */
    void dropSessions(int generation) {
        sessions.updateAndGet(now -> now.generation() == generation ? now.next() : now);
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
        long now = System.currentTimeMillis();
        int generation = sessions.updateAndGet(each -> each.at(now)).generation();
        // The port is only what the library tells sessions of one name apart by.
        int port = ((generation << INDEX_BITS) + index + 1) & Integer.MAX_VALUE;
        SslHandler handler = with.newHandler(connection.alloc(), name, port);
        handler.setHandshakeTimeoutMillis(0); // connect-timeout it is
        SSLParameters parameters = handler.engine().getSSLParameters();
        parameters.setServerNames(
                name == null || isAddress(name)
                        ? List.of()
                        : List.of(new SNIHostName(name.getBytes(StandardCharsets.US_ASCII))));
        handler.engine().setSSLParameters(parameters);
        TlsLibrary.useTickets(handler.engine());
        RecordBounds bounds = new RecordBounds();
        ClientHandshake handshake = new ClientHandshake(this, with, generation, bounds, handler, server, initializer);
        connection.pipeline().addLast(bounds, handler, handshake);
        return handshake;
    }

    /** No address is asked for (RFC 6066, section 3). */
    private static boolean isAddress(String name) {
        return NetUtil.isValidIpV4Address(name) || NetUtil.isValidIpV6Address(name);
    }
}
