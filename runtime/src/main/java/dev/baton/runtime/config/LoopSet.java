package dev.baton.runtime.config;

import java.util.List;

/**
 * Some loops, in the configuration: {@code all}, or a list of ids such as {@code [0, 2]}.
 *
 * @param ids the ids; empty for all, also for those that are added later
 */
public record LoopSet(List<Integer> ids) {
    /** Every loop. */
    public static final LoopSet ALL = new LoopSet(List.of());

    /** Takes a copy. */
    public LoopSet {
        ids = List.copyOf(ids);
    }

    /** True if a loop is one of them. */
    public boolean contains(int loop) {
        return ids.isEmpty() || ids.contains(loop);
    }
}
