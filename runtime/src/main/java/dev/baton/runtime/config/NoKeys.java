package dev.baton.runtime.config;

/** The record of what has no keys of its own. */
public record NoKeys() {}
