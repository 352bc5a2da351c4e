package dev.baton.plugin.admin;

import dev.baton.spi.admin.OfferedAction;
import io.vertx.core.Future;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What plugins do when a POST asks for it; each in a lane of its own. */
final class Actions {
    private static final Logger LOG = LoggerFactory.getLogger(Actions.class);

    private final Executor threads;
    private final long limitMillis;

    /**
     * None yet.
     *
     * @param threads where they begin
     * @param limitMillis how long that may take; what they complete later may take any time
     */
    Actions(Executor threads, long limitMillis) {
        this.threads = threads;
        this.limitMillis = limitMillis;
    }

    /** Adds a route for each action whose path is free. */
    void addTo(Routes routes, Map<String, OfferedAction> contributed) {
        contributed.forEach((name, action) -> {
            String path = AdminApi.PREFIX + name;
            if (routes.has("POST", path)) {
                LOG.warn("admin action {} is not available: {} is taken", name, path);
                return;
            }
            Lane lane = new Lane("POST " + path, threads, limitMillis);
            routes.add(new Route(
                    "POST",
                    path,
                    any -> true,
                    "an action of a plugin",
                    action.parameters(),
                    Optional.empty(),
                    Content.object(),
                    Map.of(400, "a parameter is wrong"),
                    asked -> act(lane, action, asked)));
        });
    }

    private static void act(Lane lane, OfferedAction action, Route.Asked asked) {
        Future<CompletionStage<? extends Record>> begun = lane.ask(() -> action.act(asked.parameters()));
        Reply reply = asked.reply();
        begun.onSuccess(stage -> reply.attempt(() -> AdminApi.answer(reply, stage, 409)))
                .onFailure(failure -> {
                    if (failure instanceof IllegalArgumentException wrong) {
                        reply.error(400, String.valueOf(wrong.getMessage()), null);
                    } else {
                        reply.failed(failure);
                    }
                });
    }
}
