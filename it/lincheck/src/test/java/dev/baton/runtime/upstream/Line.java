package dev.baton.runtime.upstream;

import dev.baton.runtime.upstream.ServerQueue.Settled;
import org.jspecify.annotations.Nullable;

/** What the queue of a server and its mutants have in common. */
interface Line<W extends ServerQueue.Waiter> {
    void add(W newcomer);

    Settled settle(W newcomer);

    boolean takePlace();

    void freePlace();

    int taken();

    int waiting();

    boolean isEmpty();

    @Nullable
    W grant();

    @Nullable
    W serve(Object kind);

    boolean end(W waiter);
}
