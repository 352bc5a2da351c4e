package dev.baton.spi.admin;

/** An element of {@code /v1/listeners}. */
public record ListenerSnapshot(
        String name, String address, String service, String state, long accepted, int connections) {}
