package dev.baton.spi.admin;

import org.jspecify.annotations.Nullable;

/**
 * An element of {@code /v1/loops}.
 *
 * @param current what runs now, for example {@code fd 17/3 (http)}, or null
 * @param accepted connections that this loop has accepted, wherever they are now
 * @param connections downstream connections that it owns now, wherever they were accepted
 * @param blocked whether it has been inside one callback for too long
 * @param spare whether it serves only for as long as others are blocked
 * @param cpuMs the processor time that its thread has had, in milliseconds; 0 where the platform does not tell
 * @param lane the service whose lane it belongs to, the only one that it serves; null for a loop that serves all
 */
public record LoopSnapshot(
        int id,
        String thread,
        long fds,
        long turns,
        int tasksQueued,
        long lastTurnAgeMs,
        @Nullable Current current,
        long accepted,
        int connections,
        boolean blocked,
        boolean spare,
        long cpuMs,
        @Nullable String lane) {}
