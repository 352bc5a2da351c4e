package dev.baton.spi.admin;

/**
 * How an upgrade ended.
 *
 * @param upgraded whether a new process serves; if not, this one continues as before
 * @param pid the new process, also if it was not to be; 0 if none was started
 * @param exitCode 0 if it serves; else what it has ended with (78: the configuration is wrong; 3: it cannot bind), 1 if
 *     it was not started or did not end by itself
 * @param detail what happened, for a person; several lines if the new process had more to say
 */
public record UpgradeReport(boolean upgraded, long pid, int exitCode, String detail) {}
