package dev.baton.runtime.view;

import dev.baton.spi.traffic.FinishedExchange;
import dev.baton.spi.traffic.Traffic;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells watchers of finished exchanges, on the thread that reports one. Any thread. */
public final class LiveTraffic implements Traffic {
    private static final Logger LOG = LoggerFactory.getLogger(LiveTraffic.class);

    /** Replaced under the lock, never changed. */
    private volatile List<Watching> watchers = List.of();

    /** Without any watcher yet. */
    public LiveTraffic() {}

    private final class Watching implements Watch {
        private final Watcher watcher;

        Watching(Watcher watcher) {
            this.watcher = watcher;
        }

        @Override
        public void close() {
            synchronized (LiveTraffic.this) {
                List<Watching> fewer = new ArrayList<>(watchers);
                fewer.remove(this);
                watchers = List.copyOf(fewer);
            }
        }
    }

    /** Watchers whose code is of a class loader are told nothing more. */
    public synchronized void forgetCodeOf(ClassLoader loader) {
        watchers = watchers.stream()
                .filter(each -> each.watcher.getClass().getClassLoader() != loader)
                .toList();
    }

    @Override
    public boolean isWatched() {
        return !watchers.isEmpty();
    }

    @Override
    public void ended(FinishedExchange exchange) {
        for (Watching each : watchers) {
            try {
                each.watcher.ended(exchange);
            } catch (Throwable t) { // what watches must not harm what serves
                LOG.error("{} threw, and is told of no further exchanges", each.watcher, t);
                each.close();
            }
        }
    }

    @Override
    public synchronized Watch watch(Watcher watcher) {
        Watching watching = new Watching(watcher);
        List<Watching> more = new ArrayList<>(watchers);
        more.add(watching);
        watchers = List.copyOf(more);
        return watching;
    }
}
