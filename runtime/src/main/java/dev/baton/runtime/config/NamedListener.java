package dev.baton.runtime.config;

/**
 * A listener that is to be added while the process runs.
 *
 * @param name its name
 * @param config everything else
 */
public record NamedListener(String name, ListenerConfig config) {}
