package dev.baton.runtime.launcher.rehearsal;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the operator has said about a rehearsal.
 *
 * @param time how long a fault lasts that lasts as long as one wants
 * @param around how long clients are counted before the fault, and after it
 * @param maxWait the longest wait of a client that the rehearsal passes with; null for the rehearsal's own
 * @param clients how many clients keep a connection to each listener, at least 1
 * @param listeners names of the listeners whose clients count; empty for all
 * @param plugin what is reloaded; null for all that can be
 * @param manners of the clients
 */
public record Wishes(
        Duration time,
        Duration around,
        @Nullable Duration maxWait,
        int clients,
        List<String> listeners,
        @Nullable String plugin,
        Manners manners) {
    /** With a list that does not change. */
    public Wishes {
        listeners = List.copyOf(listeners);
    }
}
