package dev.baton.spi.admin;

/** The element of {@code /v1/status}. {@code graceMs} is how long a stop lets work go on if nothing else is asked for. */
public record StatusSnapshot(
        String version,
        long pid,
        String state,
        long uptimeMs,
        String poller,
        int loops,
        long fdsOpen,
        long fdsLimit,
        long graceMs) {}
