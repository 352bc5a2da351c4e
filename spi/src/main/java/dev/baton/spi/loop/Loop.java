package dev.baton.spi.loop;

import dev.baton.spi.ByBaton;
import dev.baton.spi.threading.AnyThread;
import io.netty.channel.EventLoop;
import java.util.concurrent.Executor;

/** One thread with one poller. */
@ByBaton
@AnyThread
public interface Loop extends Executor {

    /** Its number, 0 to 16381; ids are not reused while the process lives. */
    int id();

    /** True if the caller is this loop's thread. */
    boolean inLoop();

    /** Runs a task on this loop's thread, after those queued before. Tasks of a channel go to the channel instead. */
    @Override
    void execute(Runnable task);

    /** The Netty event loop that this loop is, for timers, bootstraps and promises. */
    EventLoop eventLoop();
}
