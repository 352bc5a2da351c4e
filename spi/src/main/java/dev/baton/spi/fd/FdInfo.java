package dev.baton.spi.fd;

/**
 * What a hook is told about an fd.
 *
 * @param fd the pair
 * @param kind what it is used for
 * @param plugin id of the plugin that it serves, {@code runtime} for the runtime's own
 */
public record FdInfo(Fd fd, FdKind kind, String plugin) {}
