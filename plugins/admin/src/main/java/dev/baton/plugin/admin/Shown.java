package dev.baton.plugin.admin;

import dev.baton.spi.admin.AdminView;
import dev.baton.spi.admin.RuntimeView;
import dev.baton.spi.metrics.Metrics;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a GET shows, by path: the runtime's tables, those of plugins, and the metrics. Each has a lane of its own, also the
 * runtime's: its pools and gauges are plugins' too.
 */
final class Shown {
    private static final Logger LOG = LoggerFactory.getLogger(Shown.class);
    private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";
    static final String METRICS = "/metrics";

    private final Map<String, Source> sources = new TreeMap<>();
    private final Executor threads;
    private final long limitMillis;

    /** Shows one thing to one client. */
    private interface Source {
        void show(Reply reply);
    }

    /**
     * Everything that there is to be shown.
     *
     * @param taken paths that no plugin can have
     * @param threads where it is worked out
     * @param limitMillis how long a client waits
     */
    Shown(RuntimeView view, Metrics metrics, Predicate<String> taken, Executor threads, long limitMillis) {
        this.threads = threads;
        this.limitMillis = limitMillis;
        table("status", view::status);
        table("loops", view::loops);
        table("fds", view::fds);
        table("orphans", view::orphans);
        table("listeners", view::listeners);
        table("pools", view::pools);
        table("plugins", view::plugins);
        text(METRICS, metrics::scrape, PROMETHEUS);
        for (AdminView additional : view.views()) {
            String path = AdminApi.PREFIX + additional.name();
            if (taken.test(path) || sources.containsKey(path)) {
                LOG.warn(
                        "admin view {} is not shown: {} is taken",
                        additional.getClass().getName(),
                        path);
            } else {
                // To text there as well: its records are the plugin's.
                text(path, () -> Json.of(additional.rows()), Reply.JSON);
            }
        }
    }

    private void table(String name, Callable<?> work) {
        String path = AdminApi.PREFIX + name;
        Lane lane = lane(path);
        sources.put(path, reply -> reply.then(lane.share(work), reply::table));
    }

    private void text(String path, Callable<String> work, String type) {
        Lane lane = lane(path);
        sources.put(path, reply -> reply.then(lane.share(work), text -> reply.send(200, type, text)));
    }

    private Lane lane(String path) {
        return new Lane("GET " + path, threads, limitMillis);
    }

    boolean has(String path) {
        return sources.containsKey(path);
    }

    /** In their order. */
    Collection<String> paths() {
        return sources.keySet();
    }

    /** Answers with what is at a path, if there is something. */
    void show(String path, Reply reply) {
        Source source = sources.get(path);
        if (source != null) {
            source.show(reply);
        }
    }
}
