package dev.baton.plugin.tracecontext;

import dev.baton.spi.config.Percent;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.threading.OffLoop;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.HashMap;
import java.util.Map;

/**
 * One queue and one connection for all filters that send spans in the same way, however many routes have one: their
 * last spans are sent together when the last of them is closed.
 */
@Singleton
final class SharedSpans {
    private final Map<Way, Use> uses = new HashMap<>();
    private final Metrics metrics;

    /** Where spans go, and under which name. */
    record Way(String endpoint, Map<String, String> headers, String serviceName, Percent sample) {}

    private static final class Use {
        private final Spans spans;
        private int filters;

        private Use(Spans spans) {
            this.spans = spans;
        }
    }

    @Inject
    SharedSpans(Metrics metrics) {
        this.metrics = metrics;
    }

    /** What sends spans in this way, to be given back. */
    @AnyThread
    synchronized Spans use(Way way) {
        Use use = uses.computeIfAbsent(
                way,
                each -> new Use(new Spans(
                        way.endpoint(),
                        way.headers(),
                        way.serviceName(),
                        way.sample().share(),
                        metrics)));
        use.filters++;
        return use.spans;
    }

    /** Gives it back; the last one sends what is left, and waits for that. */
    @OffLoop
    void giveBack(Way way) {
        Spans unused = null;
        synchronized (this) {
            Use use = uses.get(way);
            if (use != null && --use.filters == 0) {
                uses.remove(way);
                unused = use.spans;
            }
        }
        if (unused != null) {
            unused.close();
        }
    }
}
