package dev.baton.suites;

import dev.baton.embed.Baton;
import dev.baton.embed.BatonBuilder;
import java.util.Map;

/** Starts the Baton of a suite. */
public final class Batons {

    private Batons() {}

    /** With the system property {@code suites.takeovers} as {@link #turning}. */
    static Baton start(int loops) {
        return Boolean.getBoolean("suites.takeovers")
                ? turning(loops)
                : still(loops).start();
    }

    private static BatonBuilder still(int loops) {
        return Baton.builder().loops(loops);
    }

    /** One whose loops keep taking all connections from each other. */
    public static Baton turning(int loops) {
        return still(loops)
                .plugin("carousel", new CarouselPlugin())
                .configuration(Map.of("version", 1, "carousel", Map.of()))
                .start();
    }
}
