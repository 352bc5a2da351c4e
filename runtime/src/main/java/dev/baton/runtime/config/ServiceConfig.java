package dev.baton.runtime.config;

/**
 * One entry of {@code services:}.
 *
 * @param type the service type of a plugin
 * @param settings all other keys, bound to the record of that type
 */
public record ServiceConfig(String type, Record settings) {}
