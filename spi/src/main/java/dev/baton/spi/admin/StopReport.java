package dev.baton.spi.admin;

/**
 * How a stop ended.
 *
 * @param served connections that ended by themselves while draining
 * @param cut connections that were open when the grace time was over, and were closed
 */
public record StopReport(int served, int cut) {}
