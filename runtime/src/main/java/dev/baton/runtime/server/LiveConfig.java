package dev.baton.runtime.server;

import dev.baton.runtime.config.RootConfig;
import java.util.function.Supplier;

/**
 * The configuration as it is bound now. It is bound anew when a plugin is reloaded, because it has records of plugins
 * in it; what it says does not change. Whoever keeps it for longer keeps this. Any thread.
 */
final class LiveConfig implements Supplier<RootConfig> {
    private volatile RootConfig now;

    LiveConfig(RootConfig first) {
        this.now = first;
    }

    @Override
    public RootConfig get() {
        return now;
    }

    void set(RootConfig next) {
        now = next;
    }
}
