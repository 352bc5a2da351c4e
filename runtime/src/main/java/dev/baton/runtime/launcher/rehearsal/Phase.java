package dev.baton.runtime.launcher.rehearsal;

import java.util.Locale;

/** A part of a rehearsal. */
enum Phase {
    /** The clients themselves get going; what they see is not counted. */
    WARM_UP,
    /** Nothing has happened: what clients see then is what the rest is compared with. */
    BEFOREHAND,
    /** From the moment at which the fault is brought about until it is over. */
    DURING,
    /** Nothing happens any more; what was broken would show. */
    AFTERWARDS;

    /** For a person and for JSON. */
    String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
