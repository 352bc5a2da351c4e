package dev.baton.plugin.http.exchange;

import java.util.concurrent.atomic.AtomicBoolean;

/** A failure of a connection that carries several exchanges, which counts once against its server. Any thread. */
public final class SharedFailure {
    private final AtomicBoolean counted = new AtomicBoolean();

    /** True for the first that asks. */
    boolean counts() {
        return counted.compareAndSet(false, true);
    }
}
