package dev.baton.plugin.chaos;

import java.util.Locale;

/** The places in the runtime's callbacks at which a delay can be set. */
enum Point {
    /** An fd enters the table; on the inserting thread, under the first claim. */
    FD_INSERTED,
    /** A thief has won an fd and has not polled it yet; on its loop, under its claim. */
    FD_TAKEN_OVER,
    /** fdDelete has orphaned an fd; on the deleter's thread, under whatever locks it holds. */
    FD_ORPHANED,
    /** The last user is about to close an fd; on its thread. */
    FD_CLOSED,
    /** A connection is given to a service of type chaos; on the accepting loop. */
    SERVICE_INITIALIZE,
    /** A service of type chaos is asked to drain a connection; on the connection's loop. */
    SERVICE_DRAIN;

    /** The word in a parameter: {@code fd-taken-over}. */
    String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
