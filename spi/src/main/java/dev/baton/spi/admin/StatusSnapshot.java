package dev.baton.spi.admin;

import org.jspecify.annotations.Nullable;

/**
 * The element of {@code /v1/status}.
 *
 * @param loopsBlocked how many of the loops are inside one callback for too long
 * @param graceMs how long a stop lets work go on if nothing else is asked for
 * @param socketsKeptBy who keeps the listening sockets if this process dies; null if nobody does
 */
public record StatusSnapshot(
        String version,
        long pid,
        String state,
        long uptimeMs,
        String poller,
        int loops,
        int loopsBlocked,
        long fdsOpen,
        long fdsLimit,
        long graceMs,
        @Nullable SocketKeeper socketsKeptBy) {}
