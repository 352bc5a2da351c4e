package dev.baton.spi.upstream;

import dev.baton.spi.threading.AnyThread;
import io.netty.channel.ChannelHandler;
import java.util.List;

/** A group of servers that are equivalent. */
@AnyThread
public interface Upstream {

    /** Its name in the configuration. */
    String name();

    /** Its servers in the order of the configuration; never empty. */
    List<UpstreamServer> servers();

    /**
     * The server whose turn it is (round robin over all loops). One that could not be connected to just now is left
     * out, unless there is no other. Cost: one atomic increment.
     */
    UpstreamServer next();

    /**
     * The server to ask after one could not be connected to: the next in order, with the same exception as
     * {@link #next}. Whoever has asked no more often than there are servers is given another one each time.
     *
     * @param failed one of {@link #servers}
     */
    default UpstreamServer nextAfter(UpstreamServer failed) {
        return servers().get((failed.index() + 1) % servers().size());
    }

    /**
     * Opens the connections of one protocol to all servers. Call it once, when the service is made.
     *
     * @param profile names what makes connections interchangeable, for example {@code http/1.1}; a second call of the
     *     same plugin with the same profile returns the same object and ignores the initializer. Profiles of other
     *     plugins are apart, whatever their names
     * @param initializer sets each new connection's pipeline up, under the claim; sharable
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
}
