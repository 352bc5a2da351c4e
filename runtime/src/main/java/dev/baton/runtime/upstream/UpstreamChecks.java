package dev.baton.runtime.upstream;

import dev.baton.runtime.config.CheckConfig;
import dev.baton.runtime.config.UpstreamConfig;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.health.CheckConnector;
import dev.baton.runtime.health.ServerCheck;
import dev.baton.runtime.tls.ClientOffer;
import dev.baton.runtime.tls.ClientTls;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.upstream.UpstreamProtocol;
import java.io.IOException;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Makes the checks of an upstream's servers. Any thread. */
final class UpstreamChecks {
    private final String upstream;
    private final CheckConfig config;
    /** What checks of type http speak. */
    private final UpstreamProtocol protocol;

    /** What each connection begins with; null for nothing. */
    private final byte @Nullable [] firstBytes;

    /** What is offered in the TLS handshake of each connection; null without TLS. */
    private final @Nullable ClientOffer offer;

    private final UpstreamEnv env;
    private final ServerCheck.Env checkEnv;

    private UpstreamChecks(
            String upstream,
            CheckConfig check,
            UpstreamConfig config,
            @Nullable ClientTls tls,
            UpstreamEnv env,
            LongSupplier clock) {
        this.upstream = upstream;
        this.config = check;
        // Another port speaks another protocol, probably.
        this.firstBytes = check.port().isPresent()
                ? null
                : config.proxyProtocol()
                        .map(version -> ProxyHeader.of(version, null))
                        .orElse(null);
        this.protocol = check.port().isPresent() ? UpstreamProtocol.HTTP_1_1 : config.protocol();
        this.offer = tls == null || check.port().isPresent()
                ? null
                : tls.offering(
                        check.type() == CheckConfig.Type.HTTP ? List.of(protocol.alpn()) : List.of(),
                        check.type() == CheckConfig.Type.HTTP && protocol == UpstreamProtocol.HTTP_2);
        this.env = env;
        this.checkEnv = new ServerCheck.Env(env.names().timer(), env.loops(), clock, env.metrics());
    }

    /** Those of an upstream; null if it has none. */
    static @Nullable UpstreamChecks of(
            String upstream, UpstreamConfig config, @Nullable ClientTls tls, UpstreamEnv env, LongSupplier clock) {
        return config.check()
                .map(check -> new UpstreamChecks(upstream, check, config, tls, env, clock))
                .orElse(null);
    }

    /**
     * Gives a server its checks, which are not started.
     *
     * @param changed is told that it is down, or up again
     */
    void addTo(LiveServer server, Runnable changed) {
        String address = server.server().address();
        ServerLocator other =
                config.port().map(port -> server.locator().atPort(port)).orElse(null);
        ServerLocator where = other == null ? server.locator() : other;
        CheckConnector connector = (loop, initializer, timeoutNanos, outcome) -> {
            Connecting connecting = new Connecting(outcome);
            try {
                new ConnectAttempt(
                                env,
                                FdTable.RUNTIME,
                                server,
                                loop,
                                firstBytes,
                                offer,
                                initializer,
                                timeoutNanos,
                                connecting)
                        .start(where);
            } catch (Throwable t) { // for example short of memory: no check would follow
                if (connecting.told) {
                    throw t;
                }
                outcome.failed(new IOException("cannot check " + address + ": " + t, t), false);
            }
        };
        ServerCheck.Changes changes = new ServerCheck.Changes() {
            @Override
            public boolean isWanted() {
                return server.isChecked();
            }

            @Override
            public void changed() {
                changed.run();
            }
        };
        server.check(new ServerCheck(upstream, address, config, protocol, checkEnv, connector, changes), other);
    }

    /** Passes the outcome of an attempt on. */
    private static final class Connecting implements ConnectAttempt.Outcome {
        private final CheckConnector.Outcome outcome;
        /** Read where the attempt was started, if that throws. */
        private boolean told;

        Connecting(CheckConnector.Outcome outcome) {
            this.outcome = outcome;
        }

        @Override
        public void connected(MovableChannel channel, Endpoint to) {
            told = true;
            outcome.connected(channel);
        }

        @Override
        public void failed(Throwable cause, @Nullable MovableChannel last) {
            told = true;
            outcome.failed(cause, Backoff.isTheServers(cause));
        }
    }
}
