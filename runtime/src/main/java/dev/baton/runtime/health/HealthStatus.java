package dev.baton.runtime.health;

/**
 * What is known of a server's health at one time.
 *
 * @param health what the checks say
 * @param sinceNanos since when, by the clock of the loops
 * @param lastFailure why the last check that failed did, in words; empty if none has
 */
public record HealthStatus(Health health, long sinceNanos, String lastFailure) {}
