package dev.baton.spi.loop;

import dev.baton.spi.ByBaton;
import dev.baton.spi.threading.AnyThread;
import java.util.concurrent.CompletionStage;

/**
 * Loops beyond those that the configuration asks for, which serve while others are blocked. One that is dismissed
 * stands by: its thread waits, owns nothing, and serves again when it is called. So there are never more than were
 * called at once.
 */
@ByBaton
@AnyThread
public interface SpareLoops {

    /**
     * Has one more spare loop serve: one that stands by, else a new one. From then on it is among
     * {@link LoopWatch#loops()}, accepts, and can be given connections.
     *
     * @return completes when it serves; fails with an {@link IllegalStateException} if none can be started, which says
     *     why
     */
    CompletionStage<WatchedLoop> call();

    /**
     * Has a spare loop serve no more: from now on it is not among {@link LoopWatch#loops()}, and other loops take over
     * what it has. Connections that cannot move stay on it until they end.
     *
     * @param spare a loop that serves, and is {@linkplain WatchedLoop#isSpare() spare}
     * @return completes with the number of connections that went to other loops, when it has none left or was called
     *     again
     * @throws IllegalArgumentException if it is none of the spare loops that serve, or no other loop would serve
     */
    CompletionStage<Integer> dismiss(WatchedLoop spare);
}
