package dev.baton.spi.loop;

import dev.baton.spi.fd.Fd;

/**
 * An fd in which a loop runs.
 *
 * @param fd the pair
 * @param plugin id of the plugin that it serves
 */
public record RunningFd(Fd fd, String plugin) {}
