package dev.baton.spi.loop;

/**
 * What a loop has done since its start. How busy it is is the difference between two of these.
 *
 * @param loop the loop
 * @param avoided true if nothing should be given to it nor taken from it: it is said to be blocked, or about to go
 * @param cpuNanos the processor time that its thread has had, in nanoseconds; 0 before it has started, and where the
 *     platform does not tell
 * @param events how many events of fds its poller has told it
 */
public record LoopLoad(Loop loop, boolean avoided, long cpuNanos, long events) {}
