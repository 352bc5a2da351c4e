package dev.baton.spi.service;

/**
 * Something that another plugin may have contributed, made for a service.
 *
 * @param <T> what it is
 * @param plugin id of the plugin that contributed it
 * @param instance it
 */
public record Contributed<T>(String plugin, T instance) {}
