package dev.baton.runtime.plugin;

/**
 * A contribution that has a section of the configuration.
 *
 * @param <T> the extension point's type
 * @param contribution the factory
 * @param config the record to which the section is bound
 */
public record ConfiguredContribution<T>(Contribution<T> contribution, Class<? extends Record> config) {}
