package dev.baton.spi.admin;

/** An element of {@code /v1/fds}. {@code owner} is a loop's id, {@code shared}, {@code apart} or {@code none}. */
public record FdSnapshot(
        int fd,
        long generation,
        String kind,
        String owner,
        int running,
        boolean orphaned,
        long ageMs,
        int takeovers,
        String plugin) {}
