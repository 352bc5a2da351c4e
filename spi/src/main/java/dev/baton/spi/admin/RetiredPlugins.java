package dev.baton.spi.admin;

import java.util.List;

/**
 * The versions of plugins that were replaced and are not gone.
 *
 * @param retired the oldest first
 */
public record RetiredPlugins(List<RetiredPlugin> retired) {}
