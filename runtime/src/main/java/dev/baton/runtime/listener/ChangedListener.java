package dev.baton.runtime.listener;

/**
 * A listener about which an operator has changed something that the configuration does not say.
 *
 * @param name its name
 * @param bind where it listens, as configured
 * @param suspended whether it is suspended
 * @param text what it was added by at run time; empty for one of the configuration
 */
public record ChangedListener(String name, String bind, boolean suspended, String text) {}
