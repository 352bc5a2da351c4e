package dev.baton.runtime.launcher;

import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.handoff.Giver;
import dev.baton.runtime.handoff.IdleConnection;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.upstream.Upstreams;
import dev.baton.spi.fd.FdKind;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends this process's idle upstream connections to the one that follows it, as long as it drains: what is in use now may be idle
 * a moment later.
 *
 * <p>For the upgrade's thread, which may wait; connections are taken on the loops' own threads, like every take.
 */
final class Departure {
    private static final Logger LOG = LoggerFactory.getLogger(Departure.class);

    /** Between two looks: idle connections are of use over there, and there are few left here to want them. */
    private static final Duration PAUSE = Duration.ofMillis(50);
    /** A loop that is stuck keeps its own; another takes them over where they are shared. */
    private static final Duration LOOPS_MAX = Duration.ofSeconds(1);

    private final FdTable table;
    private final LoopRegistry loops;
    private final Upstreams upstreams;
    private final Supplier<CompletionStage<?>> drained;
    private final Queue<IdleConnection> taken = new ConcurrentLinkedQueue<>();
    private volatile boolean over;
    private int sent;

    Departure(FdTable table, LoopRegistry loops, Upstreams upstreams, Supplier<CompletionStage<?>> drained) {
        this.table = table;
        this.loops = loops;
        this.upstreams = upstreams;
        this.drained = drained;
    }

    /** Until each loop has done what was queued before, but not for long. */
    void awaitLoops() {
        onLoops(loop -> {});
    }

    /** Until the drain is over. */
    void give(Giver giver) throws IOException {
        try {
            boolean last = false;
            while (true) {
                onLoops(loop -> upstreams.give(loop, this::take));
                send(giver);
                if (last) {
                    return;
                }
                last = isDrainedWithin(PAUSE);
            }
        } finally {
            over = true;
            closeTaken();
            LOG.info("{} idle upstream connections handed over", sent);
        }
    }

    /** On a loop. */
    private boolean take(IdleConnection idle) {
        taken.add(idle);
        if (over) {
            closeTaken(); // nobody else will any more
            return false;
        }
        return true;
    }

    private void closeTaken() {
        for (IdleConnection each = taken.poll(); each != null; each = taken.poll()) {
            close(each);
        }
    }

    private void close(IdleConnection each) {
        table.fdDelete(table.fdInsert(each.number(), FdKind.UPSTREAM));
    }

    private void send(Giver giver) throws IOException {
        List<IdleConnection> packet = new ArrayList<>();
        try {
            for (IdleConnection next = taken.poll(); next != null; next = taken.poll()) {
                if (!packet.isEmpty()
                        && (packet.size() == Giver.idleMax()
                                || !packet.get(0).upstream().equals(next.upstream())
                                || !packet.get(0).server().equals(next.server())
                                || !packet.get(0).profile().equals(next.profile()))) {
                    flush(giver, packet);
                }
                packet.add(next);
            }
            if (!packet.isEmpty()) {
                flush(giver, packet);
            }
        } finally {
            packet.forEach(this::close);
        }
    }

    /** Sends and closes: the other process has them too by then. */
    private void flush(Giver giver, List<IdleConnection> packet) throws IOException {
        giver.sendIdle(packet);
        sent += packet.size();
        packet.forEach(this::close);
        packet.clear();
    }

    private boolean isDrainedWithin(Duration time) {
        try {
            drained.get().toCompletableFuture().get(time.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException not) {
            return false;
        } catch (ExecutionException failed) {
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    private void onLoops(Consumer<BatonLoop> task) {
        List<BatonLoop> all = loops.batonLoops();
        CountDownLatch latch = new CountDownLatch(all.size());
        for (BatonLoop loop : all) {
            try {
                loop.execute(() -> {
                    try {
                        task.accept(loop);
                    } finally {
                        latch.countDown();
                    }
                });
            } catch (RejectedExecutionException ended) {
                latch.countDown();
            }
        }
        try {
            if (!latch.await(LOOPS_MAX.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.debug("{} loops are busy", latch.getCount());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
