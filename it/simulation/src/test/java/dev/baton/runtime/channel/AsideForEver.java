package dev.baton.runtime.channel;

/** A wrong twin of {@link MovableStreamChannel#stepAside}: what no loop takes over stays without a poller. */
public final class AsideForEver {
    /** Steps aside for ever. */
    public static final Way WAY = (connection, then) -> connection.offer(() -> {
        if (connection.beginAside()) {
            then.run();
        }
    });

    private AsideForEver() {}

    /** How a connection steps aside. */
    @FunctionalInterface
    public interface Way {
        /** As {@link MovableStreamChannel#stepAside}. */
        void stepAside(MovableStreamChannel connection, Runnable then);
    }
}
