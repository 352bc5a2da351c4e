package dev.baton.spi.loop;

import dev.baton.spi.ByBaton;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.threading.OffLoop;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One loop, for code that watches whether it turns. Everything is read without stopping it: what is read one after the
 * other need not belong together.
 */
@ByBaton
@AnyThread
public interface WatchedLoop {

    /** The loop. */
    Loop loop();

    /** True for one of {@link LoopWatch#spares()}: it serves only for as long as it is needed. */
    boolean isSpare();

    /**
     * True for a loop of a {@link Lane}: it serves one service only, and only loops of the same lane take over from it.
     */
    default boolean isInLane() {
        return false;
    }

    /**
     * How much its thread has begun so far: turns, events and tasks. As long as it is inside one callback the number
     * stays; a number that stays while the loop is not {@link #isWaiting} says so. Cost: a read.
     */
    long progress();

    /** True while it waits in its poller for something to do, or has not started yet. Cost: a read. */
    boolean isWaiting();

    /** Its thread; null before it has started. */
    @Nullable
    LoopThread thread();

    /**
     * The fds in which it runs now, that of the event under way first; none if it runs something else. Cost: O(highest
     * number).
     */
    @OffLoop
    List<RunningFd> running();

    /** Its connections that no other loop can take over, by plugin; none if there are none. Cost: O(highest number). */
    @OffLoop
    default List<BoundConnections> bound() {
        return List.of();
    }

    /**
     * Says that it is blocked, or no longer is: connections that are opened meanwhile avoid it, and the admin API
     * tells. It changes nothing else, and can be wrong: then it is a loop that gets less to do.
     */
    @OffLoop
    void blocked(boolean blocked);

    /**
     * Has the other loops, those that are not said to be blocked, take over the connections that it owns now, each with
     * what waits for it: queued tasks and timers. They work through one list, a few in each turn, and look for
     * connections that wait to be accepted, of which the kernel may have told this loop alone. Nothing is taken once
     * this loop has gone on.
     *
     * <p>Can be repeated while the loop stays blocked. Cost: O(highest number).
     *
     * @return how it gets on
     */
    @OffLoop
    Rescue rescue();
}
