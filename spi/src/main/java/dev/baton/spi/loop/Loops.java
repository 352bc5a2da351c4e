package dev.baton.spi.loop;

import dev.baton.spi.ByBaton;
import dev.baton.spi.threading.AnyThread;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The loops of this process. */
@ByBaton
@AnyThread
public interface Loops {

    /** All loops that serve connections, by ascending id. The list does not change; ask again for a later state. */
    List<Loop> all();

    /** The loop whose thread is calling, or null if the caller is no loop. Cost: a thread-local read at most. */
    @Nullable
    Loop current();
}
