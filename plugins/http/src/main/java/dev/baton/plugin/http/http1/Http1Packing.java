package dev.baton.plugin.http.http1;

import dev.baton.plugin.http.exchange.Exchange;
import dev.baton.plugin.http.exchange.ExchangeEnv;
import dev.baton.plugin.http.exchange.PackedTunnel;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.service.Packed;
import dev.baton.spi.service.Packing;
import dev.baton.spi.service.Service;
import io.netty.channel.ChannelHandler;
import io.netty.util.AttributeKey;
import java.util.List;
import java.util.Optional;

/**
 * Packs the clients' connections of a service in HTTP/1 for the next process of an upgrade, and sets up those that the
 * process before has packed.
 *
 * <pre>
 * the connection is                                    answer
 * between two exchanges, or before the first           packed, with what has come of the next request
 *   whether filters have seen the exchange or not        (they have seen its end, and have nothing of the connection)
 * in an exchange                                       NOT_NOW, and again as soon as that is over; a request that the
 *                                                        client has sent ahead is held for a moment then, the first
 *                                                        few times
 * a tunnel that no filter and no handler has seen,
 *   to a server in HTTP/1 without TLS                  packed, with the server's connection
 *     and something is on its way between the ends     NOT_NOW, and again as soon as it has arrived
 * any other tunnel                                     NEVER
 * to end anyway: it drains, or has had its last answer NOT_NOW
 * </pre>
 */
public final class Http1Packing {
    /**
     * Who wants the connection at its next boundary. Only during an upgrade, and so not in a field, which each idle
     * connection would pay for.
     */
    private static final AttributeKey<Packing> WANTED_BY = AttributeKey.valueOf(Http1Packing.class, "WANTED_BY");

    private final ExchangeEnv env;
    private final Http1Settings settings;

    /** For the connections of one service. */
    public Http1Packing(ExchangeEnv env, Http1Settings settings) {
        this.env = env;
        this.settings = settings;
    }

    // ----------------------------------------------------------------------------------------------------- this
    // process

    /** As {@link Service#pack}. */
    static Packed pack(Http1Downstream end, RequestReader reader, Packing packing) {
        if (end.isEnding()) {
            return Packed.NOT_NOW;
        }
        Packed packed = end.isTunnel() ? packTunnel(end, reader, packing) : packIdle(end, reader);
        if (packed == Packed.NOT_NOW) {
            end.channel().attr(WANTED_BY).set(packing);
            end.want();
        }
        return packed;
    }

    /** The boundary has come that {@link #pack} had to wait for. */
    static void askAgain(MovableChannel connection) {
        Packing packing = connection.attr(WANTED_BY).getAndSet(null);
        if (packing != null) {
            packing.again();
        }
    }

    private static Packed packIdle(Http1Downstream end, RequestReader reader) {
        if (!end.isBetweenExchanges() || reader.isProcessing()) {
            return Packed.NOT_NOW;
        }
        byte[] state = new PackedConnection(
                        end.hasAsked(),
                        end.silentNanos(),
                        end.headBegun(),
                        reader.waiting(),
                        Optional.empty(),
                        new byte[0])
                .write();
        if (state.length > Packed.STATE_BYTES_MAX) {
            return Packed.NOT_NOW;
        }
        end.pack();
        return Packed.of(state);
    }

    private static Packed packTunnel(Http1Downstream end, RequestReader reader, Packing packing) {
        Exchange tunnel = end.current();
        if (tunnel == null
                || !PackedTunnel.isPossible(end)
                || !(end.serverEnd() instanceof Http1UpstreamEnd server)
                || !server.isBare()) {
            return Packed.NEVER;
        }
        // With both claims, and nothing queued for either, nothing is on its way between the two ends.
        if (reader.isProcessing() || !packing.with(server.channel()) || !server.isOpenTunnel(tunnel)) {
            return Packed.NOT_NOW;
        }
        byte[] state = new PackedConnection(
                        true,
                        end.silentNanos(),
                        false,
                        reader.waiting(),
                        Optional.of(PackedTunnel.of(end)),
                        server.waiting())
                .write();
        if (state.length > Packed.STATE_BYTES_MAX) {
            return Packed.NOT_NOW;
        }
        server.pack();
        end.pack();
        return Packed.of(state, server.channel());
    }

    // ----------------------------------------------------------------------------------------------- the next process

    /** As {@link Service#unpacks}. */
    public boolean unpacks(byte[] state) {
        try {
            PackedTunnel tunnel = PackedConnection.read(state).tunnel.orElse(null);
            return tunnel == null || tunnel.isKnown(env);
        } catch (IllegalArgumentException foreign) {
            return false; // from another version, another kind of service, or somebody else
        }
    }

    /** As {@link Service#unpack}. */
    public void unpack(MovableChannel connection, Packed packed) {
        PackedConnection state = PackedConnection.read(packed.state());
        List<MovableChannel> companions = packed.companions();
        if (companions.size() != (state.tunnel.isPresent() ? 1 : 0)) {
            throw new IllegalArgumentException("the state does not fit " + companions.size() + " companions");
        }
        RequestReader reader = new RequestReader(env, settings, connection);
        connection.pipeline().addLast(reader);
        Http1Downstream end = reader.downstream();
        if (state.tunnel.isPresent()) {
            Http1UpstreamEnd server = serverEnd(companions.get(0));
            Exchange tunnel = state.tunnel.get().unpack(end);
            server.unpack(tunnel, state.answer);
            end.unpackTunnel(
                    tunnel, server, state.silentNanos, state.tunnel.get().bytesIn());
            server.continueTunnel(tunnel);
        } else {
            end.unpack(state.asked, state.silentNanos);
        }
        reader.unpack(state.waiting, state.headBegun);
    }

    private static Http1UpstreamEnd serverEnd(MovableChannel companion) {
        ChannelHandler last = companion.pipeline().last();
        if (last instanceof Http1UpstreamEnd server) {
            return server;
        }
        throw new IllegalArgumentException("the companion does not speak HTTP/1 with a server: " + companion);
    }
}
