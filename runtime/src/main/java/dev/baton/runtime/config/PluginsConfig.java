package dev.baton.runtime.config;

import java.util.List;

/**
 * {@code plugins:}.
 *
 * @param path more folders of plugins, relative to the file's folder
 * @param enable ids of plugins that are loaded only on request
 */
public record PluginsConfig(List<String> path, List<String> enable) {}
