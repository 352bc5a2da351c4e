package dev.baton.runtime.upstream;

/**
 * What makes upstream connections interchangeable. Two plugins may use one name, with different handlers, and so may
 * two versions of one plugin.
 *
 * @param plugin the plugin that opens them
 * @param name as that plugin calls it
 * @param reload the reload in which the service was made that opens them, by its number in this process; 0 for those
 *     that were made at the start
 */
record Profile(String plugin, String name, int reload) {}
