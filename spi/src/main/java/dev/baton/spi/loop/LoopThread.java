package dev.baton.spi.loop;

/**
 * The thread of a loop.
 *
 * @param thread for its stack
 * @param nativeId the kernel's id of it, the name of its folder in {@code /proc/self/task}; 0 if it is not known
 */
public record LoopThread(Thread thread, long nativeId) {}
