package dev.baton.plugin.admin;

import dev.baton.spi.admin.BlockedLoop;
import dev.baton.spi.admin.FdSnapshot;
import dev.baton.spi.admin.ListenerSnapshot;
import dev.baton.spi.admin.LoopSnapshot;
import dev.baton.spi.admin.OfferedAction.Parameter;
import dev.baton.spi.admin.OrphanSnapshot;
import dev.baton.spi.admin.PluginSnapshot;
import dev.baton.spi.admin.PoolSnapshot;
import dev.baton.spi.admin.RuntimeControl;
import dev.baton.spi.admin.RuntimeView;
import dev.baton.spi.admin.StatusSnapshot;
import dev.baton.spi.admin.TopSnapshot;
import dev.baton.spi.admin.UpgradeStep;
import dev.baton.spi.admin.UpstreamSnapshot;
import dev.baton.spi.metrics.Metrics;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a GET shows: the runtime's tables, those of plugins, and the metrics. Each has a lane of its own, also the
 * runtime's: its pools and gauges are plugins' too.
 */
final class Shown {
    private static final Logger LOG = LoggerFactory.getLogger(Shown.class);
    private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";
    static final String METRICS = "/metrics";

    private final RuntimeView view;
    private final RuntimeControl control;
    private final Metrics metrics;
    private final Executor threads;
    private final long limitMillis;

    /** A row of {@code /v1/views}. */
    record View(String name) {}

    /**
     * A row of {@code /v1/actions}.
     *
     * @param name behind {@code /v1/}
     * @param parameters what it takes
     */
    record Action(String name, List<Parameter> parameters) {}

    /**
     * Everything that there is to be shown.
     *
     * @param threads where it is worked out
     * @param limitMillis how long a client waits
     */
    Shown(RuntimeView view, RuntimeControl control, Metrics metrics, Executor threads, long limitMillis) {
        this.view = view;
        this.control = control;
        this.metrics = metrics;
        this.threads = threads;
        this.limitMillis = limitMillis;
    }

    /** Adds a route for each; a plugin's only if its path is free. */
    void addTo(Routes routes) {
        table(routes, "status", "the process as a whole", Content.object(StatusSnapshot.class), view::status);
        table(routes, "loops", "the loops, by id", Content.rows(LoopSnapshot.class), view::loops);
        table(routes, "fds", "the fds in the table, by number", Content.rows(FdSnapshot.class), view::fds);
        table(
                routes,
                "orphans",
                "the fds that were deleted and are not closed yet",
                Content.rows(OrphanSnapshot.class),
                view::orphans);
        table(routes, "listeners", "the listeners, by name", Content.rows(ListenerSnapshot.class), view::listeners);
        table(routes, "pools", "the pools of upstream connections", Content.rows(PoolSnapshot.class), view::pools);
        table(
                routes,
                "upstreams",
                "the upstreams and their servers, by name",
                Content.rows(UpstreamSnapshot.class),
                view::upstreams);
        table(
                routes,
                "top",
                "the slowest routes and servers, and how busy the loops are",
                Content.object(TopSnapshot.class),
                view::top);
        table(
                routes,
                "blocked",
                "the loops that are blocked, with what their threads are in",
                Content.rows(BlockedLoop.class),
                view::blocked);
        table(routes, "upgrades", "the last steps of upgrades", Content.rows(UpgradeStep.class), view::upgrades);
        table(
                routes,
                "plugins",
                "the plugins, also those that were not loaded",
                Content.rows(PluginSnapshot.class),
                view::plugins);
        table(
                routes,
                "views",
                "the tables of plugins",
                Content.rows(View.class),
                () -> view.views().keySet().stream().map(View::new).toList());
        table(
                routes,
                "actions",
                "what plugins can be asked for",
                Content.rows(Action.class),
                () -> control.actions().entrySet().stream()
                        .map(each -> new Action(each.getKey(), each.getValue().parameters()))
                        .toList());
        text(routes, METRICS, "the metrics as Prometheus text", Content.text(), metrics::scrape, PROMETHEUS);
        view.views().forEach((name, additional) -> {
            String path = AdminApi.PREFIX + name;
            if (routes.has("GET", path)) {
                LOG.warn("admin view {} is not available: {} is taken", name, path);
            } else {
                // To text there as well: its records are the plugin's.
                text(routes, path, "a table of a plugin", Content.rows(), () -> Json.of(additional.rows()), Reply.JSON);
            }
        });
    }

    private void table(Routes routes, String name, String summary, Content content, Callable<?> work) {
        String path = AdminApi.PREFIX + name;
        Lane lane = lane(path);
        add(routes, path, summary, content, reply -> reply.then(lane.share(work), reply::table));
    }

    private void text(Routes routes, String path, String summary, Content content, Callable<String> work, String type) {
        Lane lane = lane(path);
        add(routes, path, summary, content, reply -> reply.then(lane.share(work), text -> reply.send(200, type, text)));
    }

    private static void add(Routes routes, String path, String summary, Content content, Consumer<Reply> show) {
        routes.add(new Route(
                "GET",
                path,
                any -> true,
                summary,
                List.of(),
                Optional.empty(),
                content,
                Map.of(),
                asked -> show.accept(asked.reply())));
    }

    private Lane lane(String path) {
        return new Lane("GET " + path, threads, limitMillis);
    }
}
