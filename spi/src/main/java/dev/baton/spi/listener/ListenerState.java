package dev.baton.spi.listener;

import java.util.Locale;

/** The states of a listener. STOPPED is terminal: no concurrent operation revives it. */
public enum ListenerState {
    /** Configured, no socket yet. */
    NEW,
    /** Its socket is bound and listens; no loop polls it yet. */
    ASSIGNED,
    /** Its loops poll it and accept. */
    READY,
    /** It does not accept for a moment, because of a rate limit or because the process has no fds left. */
    LIMITED,
    /** It does not accept because it has {@code max-connections}. */
    FULL,
    /** An operator has suspended it: it does not accept until it is resumed. */
    SUSPENDED,
    /** Its fd was deleted. */
    STOPPED;

    /** The word that users read: the name in lower case. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
