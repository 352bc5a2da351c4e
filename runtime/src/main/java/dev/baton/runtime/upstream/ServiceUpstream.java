package dev.baton.runtime.upstream;

import dev.baton.spi.upstream.RequestFacts;
import dev.baton.spi.upstream.ServerFailure;
import dev.baton.spi.upstream.Upstream;
import dev.baton.spi.upstream.UpstreamConnections;
import dev.baton.spi.upstream.UpstreamProtocol;
import dev.baton.spi.upstream.UpstreamServer;
import io.netty.channel.ChannelHandler;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** An upstream as one service uses it; see {@link UpstreamUse}. Any thread. */
final class ServiceUpstream implements Upstream {
    private final UpstreamGroup group;
    private final String plugin;
    private final int reload;
    private final List<Consumer<String>> whenForgotten = new CopyOnWriteArrayList<>();
    /** Guarded by this object, as is what has become of them. */
    private final Set<PooledConnections> opened = new HashSet<>();

    private boolean retired;
    private boolean closed;

    ServiceUpstream(UpstreamGroup group, String plugin, int reload) {
        this.group = group;
        this.plugin = plugin;
        this.reload = reload;
    }

    // ---- what becomes of it -------------------------------------------------------------------------------------

    synchronized void retire() {
        if (!retired) {
            retired = true;
            opened.forEach(group::retire);
        }
    }

    synchronized int open() {
        return opened.stream().mapToInt(group::openOfRetired).sum();
    }

    synchronized void close() {
        if (!closed) {
            retire();
            closed = true;
            opened.forEach(group::release);
            whenForgotten.forEach(group::tellNoMore);
        }
    }

    // ---- the servers --------------------------------------------------------------------------------------------

    @Override
    public String name() {
        return group.name();
    }

    @Override
    public UpstreamProtocol protocol() {
        return group.protocol();
    }

    @Override
    public List<UpstreamServer> servers() {
        return group.servers().listed();
    }

    @Override
    public UpstreamServer next() {
        return group.servers().next(RequestFacts.NONE);
    }

    @Override
    public UpstreamServer next(RequestFacts request) {
        return group.servers().next(request);
    }

    @Override
    public UpstreamServer nextAfter(UpstreamServer failed) {
        return group.servers().nextAfter(failed);
    }

    @Override
    public void whenForgotten(Consumer<String> task) {
        whenForgotten.add(task);
        group.whenForgotten(task);
    }

    @Override
    public @Nullable String sessionCookie(UpstreamServer server, RequestFacts request) {
        return group.servers().sessionCookie(server, request);
    }

    @Override
    public void answered(UpstreamServer server, long nanos) {
        LiveServer live = group.servers().find(server);
        if (live != null) {
            group.servers().answered(live, nanos);
        }
    }

    @Override
    public void failed(UpstreamServer server, ServerFailure failure, long nanos) {
        LiveServer live = group.servers().find(server);
        if (live != null) {
            group.servers().failed(live, failure, nanos);
        }
    }

    // ---- the connections ----------------------------------------------------------------------------------------

    @Override
    public UpstreamConnections connections(String profile, ChannelHandler initializer) {
        return connections(profile, initializer, false);
    }

    @Override
    public UpstreamConnections connections(String profile, ChannelHandler initializer, boolean bare) {
        return connections(UpstreamProtocol.HTTP_1_1, profile, initializer, bare, List.of());
    }

    @Override
    public UpstreamConnections connections(
            UpstreamProtocol spoken, String profile, ChannelHandler initializer, boolean bare) {
        return connections(spoken, profile, initializer, bare, List.of(spoken.alpn()));
    }

    private synchronized UpstreamConnections connections(
            UpstreamProtocol spoken, String profile, ChannelHandler initializer, boolean bare, List<String> offered) {
        if (spoken != protocol()) {
            throw new IllegalArgumentException("upstream '" + name() + "' has protocol: " + protocol()
                    + ", which plugin " + plugin + " cannot speak here");
        }
        if (retired) {
            throw new IllegalStateException("upstream '" + name() + "': this service of plugin " + plugin
                    + " was replaced by another version, which opens connections of its own");
        }
        // HTTP/2 must be agreed to (RFC 9113, section 3.2); HTTP/1.1 is what a server speaks that knows no ALPN.
        PooledConnections made = group.connections(
                new Profile(plugin, profile, reload), initializer, bare, offered, spoken == UpstreamProtocol.HTTP_2);
        if (opened.add(made)) {
            group.use(made);
        }
        return made;
    }
}
