package dev.baton.runtime.config;

import java.util.List;

/**
 * {@code plugins:}.
 *
 * @param path more folders of plugins, relative to the file's folder
 * @param enable ids of plugins that are loaded only on request
 * @param optional ids of plugins without which the process starts too, if they are there and cannot be loaded
 * @param require ids of plugins without which the process does not start, each alone or with the least version:
 *     {@code auth >= 1.2}
 */
public record PluginsConfig(List<String> path, List<String> enable, List<String> optional, List<String> require) {}
