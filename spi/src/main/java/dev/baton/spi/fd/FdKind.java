package dev.baton.spi.fd;

import java.util.Locale;

/** What an fd is used for; the {@code kind} of {@code /v1/fds}. */
public enum FdKind {
    /** A listening socket. */
    LISTENER,
    /** A connection that a listener accepted. */
    DOWNSTREAM,
    /** A connection that was opened to a server. */
    UPSTREAM,
    /** A datagram socket. */
    DATAGRAM,
    /** What a poller itself needs, for example an epoll instance. */
    POLLER,
    /** What makes a poller return. */
    WAKEUP,
    /** A socket to another process: the one before or after this one, or the one that started it. */
    HANDOFF,
    /** Kept open for nothing, so that there is an fd for the admin API when the process has no other left. */
    SPARE,
    /** An end of a pipe through which the kernel passes the bytes of one connection on to another. */
    PIPE;

    /** The word that users read: the name in lower case. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
