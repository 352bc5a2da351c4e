package dev.baton.examples.fdcensus;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.admin.AdminAction;
import dev.baton.spi.admin.AdminView;
import dev.baton.spi.fd.ClosedBy;
import dev.baton.spi.fd.FdHook;
import dev.baton.spi.fd.FdInfo;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.metrics.Metrics;
import jakarta.inject.Inject;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** Counts file descriptors by what they are used for, and remembers how many there were at most. */
public final class FdCensusPlugin implements Plugin {
    @Override
    public void configure(PluginBinder binder) {
        binder.fdHook("census", Census.class); // one class in two roles is one instance
        binder.adminView("census", Census.class);
        binder.adminAction("census/forget", Which.class, Forget.class);
    }

    /**
     * One row of {@code GET /v1/census}.
     *
     * @param kind what the fds are used for
     * @param open how many there are now
     * @param peak how many there were at most, since the start or since an operator had it forgotten
     * @param takenOver how often one has changed its loop
     * @param orphaned how many were deleted while a thread ran their code
     * @param closed how many were closed
     */
    record Row(String kind, long open, long peak, long takenOver, long orphaned, long closed) {}

    /** The parameters of {@code POST /v1/census/forget}: one kind, or all. */
    record Which(Optional<FdKind> kind) {}

    /** The answer: of how many kinds the peak was forgotten. */
    record Forgotten(int kinds) {}

    /**
     * Called by any thread, under any lock, in the middle of an operation on an fd: it counts, and waits for nothing.
     */
    static final class Census implements FdHook, AdminView {
        private final Map<FdKind, Count> counts = new EnumMap<>(FdKind.class);

        @Inject
        Census(Metrics metrics) {
            for (FdKind each : FdKind.values()) {
                Count count = new Count(each);
                counts.put(each, count);
                String kind = each.word();
                metrics.gauge("baton_census_open", "File descriptors that are open.", count.open::get, "kind", kind);
                metrics.gauge("baton_census_peak", "The most that were open at a time.", count.peak::get, "kind", kind);
            }
        }

        Count of(FdKind kind) {
            return Objects.requireNonNull(counts.get(kind));
        }

        @Override
        public void inserted(FdInfo fd) {
            Count count = of(fd.kind());
            count.peak.accumulateAndGet(count.open.incrementAndGet(), Math::max);
        }

        @Override
        public void takenOver(FdInfo fd, int victim, int thief) {
            of(fd.kind()).takenOver.increment();
        }

        @Override
        public void orphaned(FdInfo fd) {
            of(fd.kind()).orphaned.increment();
        }

        @Override
        public void closed(FdInfo fd, ClosedBy by) {
            of(fd.kind()).open.decrementAndGet();
            of(fd.kind()).closed.increment();
        }

        @Override
        public List<Row> rows() {
            return counts.values().stream().map(Count::row).toList();
        }
    }

    /** Of one kind. */
    private static final class Count {
        private final FdKind kind;
        private final AtomicLong open = new AtomicLong();
        private final AtomicLong peak = new AtomicLong();
        private final LongAdder takenOver = new LongAdder();
        private final LongAdder orphaned = new LongAdder();
        private final LongAdder closed = new LongAdder();

        Count(FdKind kind) {
            this.kind = kind;
        }

        Row row() {
            return new Row(kind.word(), open.get(), peak.get(), takenOver.sum(), orphaned.sum(), closed.sum());
        }
    }

    /** Lets peaks begin anew, at what is open now. */
    static final class Forget implements AdminAction<Which> {
        private final Census census;

        @Inject
        Forget(Census census) {
            this.census = census;
        }

        @Override
        public CompletionStage<Forgotten> act(Which which) {
            List<FdKind> kinds = which.kind().map(List::of).orElse(List.of(FdKind.values()));
            kinds.forEach(kind -> census.of(kind).peak.set(census.of(kind).open.get()));
            return CompletableFuture.completedStage(new Forgotten(kinds.size()));
        }
    }
}
