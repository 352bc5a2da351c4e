package dev.baton.runtime.upstream;

/**
 * What makes upstream connections interchangeable. Two plugins may use one name, with different handlers.
 *
 * @param plugin the plugin that opens them
 * @param name as that plugin calls it
 */
record Profile(String plugin, String name) {}
