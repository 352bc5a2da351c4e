package dev.baton.spi.admin;

/** Who holds copies of the listening sockets, so that clients wait while a process that has died is started again. */
public enum SocketKeeper {
    /** systemd, or a service manager like it that keeps fds. */
    SYSTEMD,
    /** The parent of {@code baton run --keep}. */
    PARENT
}
