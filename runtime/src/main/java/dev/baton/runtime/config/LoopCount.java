package dev.baton.runtime.config;

import java.util.Optional;

/**
 * How many loops there are: a number, or {@code auto}.
 *
 * @param number empty for as many as processors
 * @param isElastic whether their number follows that of the processors while the process runs
 */
public record LoopCount(Optional<Integer> number, boolean isElastic) {
    /** As many as there are processors at the start. */
    public static final LoopCount PROCESSORS = new LoopCount(Optional.empty(), false);
    /** As many as there are processors at each time. */
    public static final LoopCount AUTO = new LoopCount(Optional.empty(), true);

    /** As many as there may be. */
    public static final int MAX = 1_024;

    /** So many, whatever processors there are. */
    public static LoopCount of(int number) {
        return new LoopCount(Optional.of(number), false);
    }
}
