package dev.baton.runtime.loop;

/**
 * A service whose share of the processor time is measured, because it may get loops of its own. A connection knows
 * whose it is; most have none.
 */
public interface Tenant {}
