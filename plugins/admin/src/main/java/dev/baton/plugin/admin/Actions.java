package dev.baton.plugin.admin;

import dev.baton.spi.admin.AdminAction;
import io.vertx.core.Future;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What plugins do when a POST asks for it, by path; each in a lane of its own. */
final class Actions {
    private static final Logger LOG = LoggerFactory.getLogger(Actions.class);

    private final Map<String, Asked> actions = new TreeMap<>();

    private record Asked(AdminAction action, Lane lane) {}

    /**
     * Those that can be asked for.
     *
     * @param taken paths that no plugin can have
     * @param threads where they begin
     * @param limitMillis how long that may take; what they complete later may take any time
     */
    Actions(List<AdminAction> contributed, Predicate<String> taken, Executor threads, long limitMillis) {
        for (AdminAction action : contributed) {
            String path = AdminApi.PREFIX + action.name();
            if (taken.test(path) || actions.containsKey(path)) {
                LOG.warn(
                        "admin action {} cannot be asked for: {} is taken",
                        action.getClass().getName(),
                        path);
            } else {
                actions.put(path, new Asked(action, new Lane("POST " + path, threads, limitMillis)));
            }
        }
    }

    boolean has(String path) {
        return actions.containsKey(path);
    }

    /** In their order. */
    Collection<String> paths() {
        return actions.keySet();
    }

    /** Begins what is at a path. */
    Future<CompletionStage<? extends Record>> act(String path, Map<String, String> parameters) {
        Asked asked = actions.get(path);
        if (asked == null) {
            throw new IllegalArgumentException("no action at " + path);
        }
        return asked.lane().ask(() -> asked.action().act(parameters));
    }
}
