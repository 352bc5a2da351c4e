package dev.baton.spi.upstream;

import dev.baton.spi.ByBaton;
import dev.baton.spi.threading.AnyThread;
import io.netty.channel.ChannelHandler;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A group of servers that are equivalent. */
@ByBaton
@AnyThread
public interface Upstream {

    /** Its name in the configuration. */
    String name();

    /** What its servers speak, by the configuration. */
    default UpstreamProtocol protocol() {
        return UpstreamProtocol.HTTP_1_1;
    }

    /**
     * Its servers, in the order of the configuration, then those that were added at run time or found in DNS. May be
     * empty. A name {@code srv:NAME} of the configuration is one of them. It is chosen only while none of its servers
     * is known; a connect to it waits for them and fails then, so that {@link #nextAfter} finds one.
     */
    List<UpstreamServer> servers();

    /** Chooses a server for a request of which nothing is known; see {@link #next(RequestFacts)}. */
    UpstreamServer next();

    /**
     * Chooses a server, by the upstream's {@link Balancer}, among those that may be asked now. Servers that have failed
     * lately are left out, unless there are no others; when the time of one is over, one request tries it, if possible
     * one that {@linkplain RequestFacts#isSafe() can be sent again}. If no server may be asked at all, the result is
     * {@link UpstreamServer#NONE}, to which every connect fails. Cost: that of the balancer; by default one atomic
     * increment.
     */
    default UpstreamServer next(RequestFacts request) {
        return next();
    }

    /**
     * The server to ask after one could not be connected to or has failed: the next in order, with the same exceptions
     * as {@link #next}. A caller that asks no more often than there are servers is given another one each time, as long
     * as the servers stay the same.
     *
     * @param failed one of {@link #servers}
     */
    default UpstreamServer nextAfter(UpstreamServer failed) {
        return servers().get((failed.index() + 1) % servers().size());
    }

    /**
     * Reports that a server has answered a request, and not with a failure. Balancers that look at latency learn from
     * it; without it they know only how long connects take.
     *
     * @param server the one that answered
     * @param nanos from the request until the first byte of the answer
     */
    default void answered(UpstreamServer server, long nanos) {}

    /**
     * Reports that a server has failed a request that was sent to it. After several in a row the server is ejected: it
     * is left out for a while, as {@code eject} says in the configuration. Do not report what may be due to something
     * else: a connect that failed (the upstream sees that itself), an idle connection that the server closed just when
     * it was taken, or a client that gave up.
     *
     * @param server the one that was asked
     * @param failure what went wrong
     * @param nanos from the request until the failure
     */
    default void failed(UpstreamServer server, ServerFailure failure, long nanos) {}

    /**
     * Has a task told of each address that no server has any longer: the last one was removed, its last connection has
     * ended its use, and every loop has ended the callback that it was in at the removal. What is kept of servers by
     * their address can go then; see {@link #servers} before making more of it.
     *
     * @param task is told the address; not on a loop
     */
    default void whenForgotten(Consumer<String> task) {}

    /**
     * What a response has to tell its client, so that the next requests of its session go to the same server.
     *
     * @param server the one that answers
     * @param request the request, as it was for {@link #next(RequestFacts)}
     * @return the value of a field {@code Set-Cookie} (RFC 6265); null if the client has the cookie, or the upstream
     *     has no sticky sessions
     */
    default @Nullable String sessionCookie(UpstreamServer server, RequestFacts request) {
        return null;
    }

    /**
     * Opens the connections of one protocol to all servers. Call it once, when the service is made.
     *
     * @param profile names what makes connections interchangeable, for example {@code http/1.1}; a second call of the
     *     same plugin with the same profile returns the same object and ignores the initializer. Profiles of other
     *     plugins are apart, whatever their names
     * @param initializer sets each new connection's pipeline up, under the claim; sharable
     * @throws IllegalArgumentException if the servers speak another protocol than HTTP/1.1, of which a service that
     *     calls this knows nothing
     */
    UpstreamConnections connections(String profile, ChannelHandler initializer);

    /**
     * Opens connections as {@link #connections(String, ChannelHandler)} does.
     *
     * @param bare whether an idle connection is nothing but a socket: its handlers have no state then that new ones
     *     would not have (a TLS session is one). Such connections are handed to the next process at an upgrade, where
     *     this initializer sets their pipelines up when they are active already
     */
    default UpstreamConnections connections(String profile, ChannelHandler initializer, boolean bare) {
        return connections(profile, initializer);
    }

    /**
     * Opens connections of a service that knows {@link #protocol}.
     *
     * @param protocol what the handlers of the initializer speak
     * @param bare as for {@link #connections(String, ChannelHandler, boolean)}
     * @throws IllegalArgumentException if the servers speak another protocol
     */
    default UpstreamConnections connections(
            UpstreamProtocol protocol, String profile, ChannelHandler initializer, boolean bare) {
        if (protocol != protocol()) {
            throw new IllegalArgumentException(
                    "upstream '" + name() + "' has protocol: " + protocol() + ", and this service speaks " + protocol);
        }
        return connections(profile, initializer, bare);
    }
}
