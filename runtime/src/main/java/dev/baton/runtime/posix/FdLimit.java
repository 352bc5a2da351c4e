package dev.baton.runtime.posix;

/**
 * How many fds a process may have open (RLIMIT_NOFILE).
 *
 * @param soft the limit that holds; {@code Long.MAX_VALUE} for none
 * @param hard what the soft limit can be raised to without privilege; {@code Long.MAX_VALUE} for none
 */
public record FdLimit(long soft, long hard) {}
