package dev.baton.spi.fd;

import java.util.Locale;

/** Who closed an fd; the label {@code by} of {@code baton_fd_closes_total}. */
public enum ClosedBy {
    /** The caller of {@code fdDelete}: no other thread ran its code. */
    DELETER,
    /** The last one that ran in it when it was deleted, at its leave. */
    LEAVER;

    /** The word that users read: the name in lower case. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
