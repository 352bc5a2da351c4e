package dev.baton.runtime.config;

import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import dev.baton.spi.config.Rate;
import dev.baton.spi.listener.SocketSettings;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * One entry of {@code listeners:}, and the body of {@code POST /v1/listeners}.
 *
 * @param bind where it listens, in the form of one of the listener kinds: {@code 127.0.0.1:8080}, {@code [::1]:8080},
 *     {@code *:8080} (IPv4 and IPv6), {@code unix:/run/shop.sock}, {@code unix:@name}, {@code fd@3},
 *     {@code systemd@web}
 * @param kind the listener kind, and its keys; without it, the one that claims the bind
 * @param service the service that speaks on its connections
 * @param unbind the strategy of unbinding: {@code drain}, {@code drain-backlog} or {@code at-once}
 * @param backlog how many connections the kernel keeps until they are accepted; it may cap this itself
 * @param maxConnections how many of its connections may be open at once; without it only the fd limit and the
 *     {@code max-connections} of all listeners count
 * @param maxConnectionsPerClient how many connections one client may have open at once: an IPv4 address, or an IPv6
 *     network of 64 bits. More are reset
 * @param acceptRate how many connections it accepts on the average, for example {@code 500/s}; those of a tenth of a
 *     second at once. More wait in the backlog
 * @param acceptRatePerClient how many connections one client may open on the average; ten, or those of a second if that
 *     is more, at once. More are reset
 * @param acceptsPerTurn how many connections a loop accepts before it looks after its others again
 * @param sockets {@code shared}, one socket for all its loops; or {@code per-loop}, a socket for each, among which the
 *     kernel spreads connections ({@code SO_REUSEPORT}; tcp only)
 * @param loops the loops that accept: {@code all}, or ids such as {@code [0, 2]}
 * @param balance {@code any}, a connection stays with the loop that accepted it; or {@code least-loaded}, it goes to
 *     the loop that has the fewest
 * @param mode permissions of a unix socket's file, for example {@code "0660"}; who may write may connect. Without it
 *     the process's umask decides
 * @param user owner of a unix socket's file, a name or a number; needs CAP_CHOWN if it is not the process's own
 * @param group group of a unix socket's file, a name or a number
 * @param filters the connection filters that decide about each connection before its service sees it, in this order
 * @param tls the keys of the filter {@code tls}, which is then the last one
 * @param acceptTimeout how long the filters may take together; a connection that is undecided by then is reset
 */
public record ListenerConfig(
        String bind,
        @RefersTo(Reference.LISTENER_KIND) Optional<Variant> kind,
        @RefersTo(Reference.SERVICE) String service,

        @RefersTo(Reference.UNBIND_STRATEGY) @Default("drain")
        Variant unbind,

        @Default("4096") @Range(min = "1", max = "65535") int backlog,
        @Range(min = "1", max = "1048576") Optional<Integer> maxConnections,

        @Range(min = "1", max = "1048576") Optional<Integer> maxConnectionsPerClient,

        @Range(min = "1/h", max = "1000000/s") Optional<Rate> acceptRate,

        @Range(min = "1/h", max = "1000000/s") Optional<Rate> acceptRatePerClient,

        @Default("4") @Range(min = "1", max = "1024") int acceptsPerTurn,
        @Default("shared") Sockets sockets,
        @Default("all") LoopSet loops,
        @Default("any") Balancing balance,
        Optional<FileMode> mode,
        Optional<String> user,
        Optional<String> group,
        @RefersTo(Reference.CONNECTION_FILTER) List<Variant> filters,

        @RefersTo(value = Reference.CONNECTION_FILTER, name = "tls")
        Optional<Variant> tls,

        @Default("10s") @Range(min = "1ms", max = "1h") Duration acceptTimeout) {

    /** Everything else as it is where the file does not say it. */
    public ListenerConfig(String bind, String service, Variant unbind, int backlog, Optional<Integer> maxConnections) {
        this(
                bind,
                Optional.empty(),
                service,
                unbind,
                backlog,
                maxConnections,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                4,
                Sockets.SHARED,
                LoopSet.ALL,
                Balancing.ANY,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                Optional.empty(),
                Duration.ofSeconds(10));
    }

    /** How many sockets a listener has. */
    public enum Sockets {
        /** One, which all its loops poll. */
        SHARED,
        /** One for each of its loops. */
        PER_LOOP
    }

    /** Which loop gets a connection. */
    public enum Balancing {
        /** The one that accepted it. */
        ANY,
        /** The one that has the fewest. */
        LEAST_LOADED
    }

    /** The filters, those with a key of their own among them, in the order in which they are asked. */
    public List<Variant> allFilters() {
        return Stream.concat(filters.stream(), tls.stream()).toList();
    }

    /** What it says of the socket besides the address. */
    public SocketSettings socketSettings() {
        return new SocketSettings(
                sockets == Sockets.PER_LOOP,
                mode.isPresent() ? OptionalInt.of(mode.get().bits()) : OptionalInt.empty(),
                user,
                group);
    }
}
