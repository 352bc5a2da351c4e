package __package__;

import dev.baton.spi.fd.ClosedBy;
import dev.baton.spi.fd.FdHook;
import dev.baton.spi.fd.FdInfo;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.metrics.Metrics;
import jakarta.inject.Inject;
import java.util.concurrent.atomic.AtomicLongArray;

/** Counts how many fds of each kind are open. Called by any thread, so it never waits. */
final class __Name__Hook implements FdHook {
    private final AtomicLongArray open = new AtomicLongArray(FdKind.values().length);

    @Inject
    __Name__Hook(Metrics metrics) {
        this();
        for (FdKind kind : FdKind.values()) {
            metrics.gauge("baton___metric___open", "Open fds of a kind.", () -> open(kind), "kind", kind.word());
        }
    }

    __Name__Hook() {}

    long open(FdKind kind) {
        return open.get(kind.ordinal());
    }

    @Override
    public void inserted(FdInfo fd) {
        open.incrementAndGet(fd.kind().ordinal());
    }

    @Override
    public void closed(FdInfo fd, ClosedBy by) {
        open.decrementAndGet(fd.kind().ordinal());
    }
}
