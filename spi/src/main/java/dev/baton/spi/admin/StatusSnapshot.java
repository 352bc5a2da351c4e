package dev.baton.spi.admin;

/** The element of {@code /v1/status}. */
public record StatusSnapshot(
        String version, long pid, String state, long uptimeMs, String poller, int loops, long fdsOpen, long fdsLimit) {}
