package dev.baton.runtime.listener;

/** What serves the connections of a listener that are accepted now. Any thread. */
public final class LiveServing {
    private volatile Serving now;

    /** @param first serves the first */
    public LiveServing(Serving first) {
        this.now = first;
    }

    /** What serves a connection that is accepted now. */
    public Serving now() {
        return now;
    }

    /** Has another serve those that are accepted from here on. */
    void set(Serving next) {
        now = next;
    }
}
