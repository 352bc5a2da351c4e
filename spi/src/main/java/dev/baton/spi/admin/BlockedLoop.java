package dev.baton.spi.admin;

import java.util.List;

/**
 * An element of {@code /v1/blocked}: a loop that is inside one callback for too long.
 *
 * @param loop its id
 * @param forMs since its last turn began, in milliseconds
 * @param running the fds in which it runs, that of the event first; empty if it runs something else
 * @param stack what its thread is in, the innermost frame first, as a thread dump shows it; at most 64 frames
 */
public record BlockedLoop(int loop, long forMs, List<Current> running, List<String> stack) {
    /** With lists that do not change. */
    public BlockedLoop {
        running = List.copyOf(running);
        stack = List.copyOf(stack);
    }
}
