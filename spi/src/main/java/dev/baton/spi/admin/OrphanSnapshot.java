package dev.baton.spi.admin;

import java.util.List;

/**
 * An element of {@code /v1/orphans}: an fd that was deleted while a callback was running on it, and is not closed yet.
 * {@code loops} are the ids of those that may hold it.
 */
public record OrphanSnapshot(
        int fd, long generation, long orphanedForMs, int running, List<Integer> loops, String plugin) {}
