package dev.baton.runtime.loop;

import org.jspecify.annotations.Nullable;

/** A channel that a loop's thread can enter. Only on that thread, unless it says otherwise. */
public interface Occupant {
    /** Code that ran here threw, and its caller has swallowed the exception. Throws nothing. */
    void threw(Throwable cause);

    /** For whom it runs, if that is measured; else null. Any thread. */
    default @Nullable Tenant tenant() {
        return null;
    }
}
