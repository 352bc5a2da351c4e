package dev.baton.runtime.vertx;

import dev.baton.runtime.fd.FdState;
import dev.baton.runtime.fd.FdTable;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.loop.BoundConnections;
import io.netty.channel.Channel;
import io.vertx.core.net.impl.VertxConnection;
import io.vertx.core.net.impl.VertxHandler;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The connections of Vert.x, which no other loop can take over, and the plugins whose contexts they are bound to.
 *
 * <p>Threading: any. Cost: O(highest number of an fd).
 */
public final class VertxConnections {
    private final FdTable table;

    /** Those of a table. */
    public VertxConnections(FdTable table) {
        this.table = table;
    }

    /** Those of a loop, by plugin. */
    public List<BoundConnections> on(int loop) {
        Map<String, Integer> counts = new TreeMap<>();
        table.forEach(state -> {
            VertxConnection connection = state.owner() == loop ? connection(state) : null;
            if (connection != null) {
                counts.merge(ContextOwners.ownerOf(connection.context()), 1, Integer::sum);
            }
        });
        return counts.entrySet().stream()
                .map(each -> new BoundConnections(each.getKey(), each.getValue()))
                .toList();
    }

    /** How many a plugin has. */
    public int of(String plugin) {
        int[] count = {0};
        table.forEach(state -> {
            VertxConnection connection = connection(state);
            if (connection != null && plugin.equals(ContextOwners.ownerOf(connection.context()))) {
                count[0]++;
            }
        });
        return count[0];
    }

    private static @Nullable VertxConnection connection(FdState state) {
        if ((state.kind() != FdKind.DOWNSTREAM && state.kind() != FdKind.UPSTREAM)
                || !(state.handler() instanceof Channel channel)) {
            return null;
        }
        VertxHandler<?> handler = channel.pipeline().get(VertxHandler.class);
        return handler == null ? null : handler.getConnection();
    }
}
