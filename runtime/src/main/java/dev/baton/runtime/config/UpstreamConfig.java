package dev.baton.runtime.config;

import dev.baton.spi.config.Default;
import dev.baton.spi.config.NotEmpty;
import dev.baton.spi.config.Range;
import dev.baton.spi.config.WrongValueException;
import dev.baton.spi.tls.CipherSuite;
import dev.baton.spi.upstream.UpstreamProtocol;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One entry of {@code upstreams:}.
 *
 * @param servers its servers; never empty
 * @param protocol what they speak with a service of HTTP
 * @param connectTimeout how long opening a connection may take, with its TLS handshake
 * @param tls how TLS is spoken with its servers; without it, it is not
 * @param proxyProtocol the header of the PROXY protocol that each connection begins with, which tells the server the
 *     client's address; without it none is sent. A connection serves one client then, and is not kept
 * @param maxConnections how many connections of this process to each server there may be; without it, any number
 * @param queueTimeout how long a request may wait for one of these
 * @param queue how many requests may wait for one server; more fail at once
 * @param balance how the server of a request is chosen
 * @param sticky keeps a client's requests with the server that has answered its first
 * @param check how its servers are asked whether they can serve; without it they are not
 * @param eject when a server is left out because of its answers
 * @param slowStart how long a server that comes back gets less than its share; without it, it has all of it at once
 * @param pool what happens to idle connections
 */
public record UpstreamConfig(
        @NotEmpty List<ServerConfig> servers,
        @Default("http/1.1") UpstreamProtocol protocol,
        @Default("2s") @Range(min = "1ms", max = "10m") Duration connectTimeout,
        Optional<UpstreamTlsConfig> tls,
        Optional<ProxyVersion> proxyProtocol,
        @Range(min = "1", max = "1000000") Optional<Integer> maxConnections,
        @Default("1s") @Range(min = "1ms", max = "10m") Duration queueTimeout,
        @Default("1024") @Range(min = "0", max = "1000000") int queue,

        @RefersTo(Reference.BALANCER) @Default("round-robin")
        Variant balance,

        Optional<StickyConfig> sticky,
        Optional<CheckConfig> check,
        EjectConfig eject,
        @Range(min = "1s", max = "1h") Optional<Duration> slowStart,
        PoolConfig pool) {

    /**
     * Checks that a port to ask belongs to a host, that a connection of many clients does not name one, and that there
     * is a name to verify.
     */
    public UpstreamConfig {
        List<WrongValueException> wrong = new ArrayList<>();
        if (protocol == UpstreamProtocol.HTTP_2 && proxyProtocol.isPresent()) {
            wrong.add(new WrongValueException(
                    "proxyProtocol",
                    "its header names one client, and a connection with protocol: http/2 serves many; remove one"));
        }
        tls.filter(it -> it.enabled() && protocol == UpstreamProtocol.HTTP_2)
                .filter(it -> !CipherSuite.allowHttp2(it.versions(), it.ciphers()))
                .ifPresent(it -> wrong.add(new WrongValueException("protocol", UpstreamTlsConfig.NO_HTTP_2)));
        String listener = servers.stream()
                .flatMap(server -> ServerAddress.listener(server.address()).stream())
                .findFirst()
                .orElse(null);
        if (listener != null && check.flatMap(CheckConfig::port).isPresent()) {
            wrong.add(new WrongValueException(
                    "check", "it has a port, and listener:" + listener + " has no other than its own"));
        }
        tls.filter(it -> it.enabled() && it.verify() && it.serverName().isEmpty())
                .flatMap(it -> nameProblem(servers, it))
                .ifPresent(problem -> wrong.add(new WrongValueException("tls", problem)));
        WrongValueException.throwAll(wrong);
    }

    /** Why the certificate of a server that is added could not be verified for its host; empty if it could. */
    public Optional<String> nameProblem(String server) {
        return tls.filter(it -> it.enabled() && it.verify() && it.serverName().isEmpty())
                .flatMap(it -> nameProblem(List.of(new ServerConfig(server)), it));
    }

    /** Why the servers' hosts are not the names that their certificates could be verified for; empty if they are. */
    private static Optional<String> nameProblem(List<ServerConfig> servers, UpstreamTlsConfig tls) {
        for (ServerConfig server : servers) {
            Optional<String> listener = ServerAddress.listener(server.address());
            if (listener.isPresent()) {
                return Optional.of("listener:" + listener.get() + " has no host name that its certificate could have;"
                        + " it needs the key 'server-name'");
            }
            if (tls.ca().isEmpty() && ServerAddress.service(server.address()).isPresent()) {
                return Optional.of("the names of the servers of " + server.address() + " come from DNS, which may be"
                        + " forged, and the JDK trusts certificates for any name; it needs the key 'server-name', or"
                        + " 'ca' with authorities of your own");
            }
            if (ServerAddress.host(server.address())
                    .filter(host -> host.contains("_"))
                    .isPresent()) {
                return Optional.of(UpstreamTlsConfig.underscore(server.address()) + "; it needs the key 'server-name'");
            }
        }
        return Optional.empty();
    }

    /** Of servers that speak HTTP/1.1, without TLS. */
    public UpstreamConfig(
            List<ServerConfig> servers,
            Duration connectTimeout,
            Optional<ProxyVersion> proxyProtocol,
            Optional<Integer> maxConnections,
            Duration queueTimeout,
            int queue,
            Variant balance,
            Optional<StickyConfig> sticky,
            Optional<CheckConfig> check,
            EjectConfig eject,
            Optional<Duration> slowStart,
            PoolConfig pool) {
        this(
                servers,
                UpstreamProtocol.HTTP_1_1,
                connectTimeout,
                Optional.empty(),
                proxyProtocol,
                maxConnections,
                queueTimeout,
                queue,
                balance,
                sticky,
                check,
                eject,
                slowStart,
                pool);
    }

    /** Without sessions, checks and slow start, and with the default ejection. */
    public UpstreamConfig(
            List<ServerConfig> servers,
            Duration connectTimeout,
            Optional<ProxyVersion> proxyProtocol,
            Optional<Integer> maxConnections,
            Duration queueTimeout,
            int queue,
            Variant balance,
            PoolConfig pool) {
        this(
                servers,
                connectTimeout,
                proxyProtocol,
                maxConnections,
                queueTimeout,
                queue,
                balance,
                Optional.empty(),
                Optional.empty(),
                EjectConfig.DEFAULT,
                Optional.empty(),
                pool);
    }

    /** With the defaults for everything else. */
    public UpstreamConfig(List<String> servers, Duration connectTimeout, PoolConfig pool) {
        this(
                servers.stream().map(ServerConfig::new).toList(),
                connectTimeout,
                Optional.empty(),
                Optional.empty(),
                Duration.ofSeconds(1),
                1024,
                Variant.of("round-robin"),
                pool);
    }
}
