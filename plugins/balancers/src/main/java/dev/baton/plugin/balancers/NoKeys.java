package dev.baton.plugin.balancers;

/** Keys of a balancer that has none. */
public record NoKeys() {}
