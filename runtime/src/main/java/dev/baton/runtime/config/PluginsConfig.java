package dev.baton.runtime.config;

import java.util.List;

/**
 * {@code plugins:}.
 *
 * @param path more folders of plugins, relative to the file's folder
 */
public record PluginsConfig(List<String> path) {}
