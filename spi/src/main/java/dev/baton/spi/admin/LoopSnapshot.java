package dev.baton.spi.admin;

import org.jspecify.annotations.Nullable;

/** An element of {@code /v1/loops}. {@code current} is what runs now, for example {@code fd 17/3 (http-proxy)}, or null. */
public record LoopSnapshot(
        int id,
        String thread,
        long fds,
        long turns,
        int tasksQueued,
        long lastTurnAgeMs,
        @Nullable Current current) {}
