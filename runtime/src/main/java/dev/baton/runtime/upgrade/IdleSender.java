package dev.baton.runtime.upgrade;

import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.upstream.IdleConnection;
import dev.baton.runtime.upstream.Upstreams;
import dev.baton.spi.fd.FdKind;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends this process's idle upstream connections to the one that follows it, as long as it drains: what is in use now
 * may be idle a moment later. One is made for each upgrade.
 *
 * <p>For the upgrade's thread; connections are taken on the loops' own threads, like every take.
 */
public final class IdleSender implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(IdleSender.class);

    /** A loop that is stuck keeps its own; another takes them over where they are shared. */
    private static final Duration LOOPS_MAX = Duration.ofSeconds(1);

    private final FdTable table;
    private final LoopRegistry loops;
    private final Upstreams upstreams;
    private final Queue<IdleConnection> taken = new ConcurrentLinkedQueue<>();
    /** Loops that have not looked yet since they were last asked to. */
    private CountDownLatch looking = new CountDownLatch(0);

    private volatile boolean over;
    private int sent;

    public IdleSender(FdTable table, LoopRegistry loops, Upstreams upstreams) {
        this.table = table;
        this.loops = loops;
        this.upstreams = upstreams;
    }

    /** Until each loop has done what was queued before, but not for long. */
    void awaitLoops() {
        await(onLoops(loop -> {}), LOOPS_MAX);
    }

    /**
     * Has the loops look for what is idle, and sends it.
     *
     * @param most how long to wait for the loops; what is found later is sent the next time
     */
    void send(Giver giver, Duration most) throws IOException {
        if (looking.getCount() == 0) {
            looking = onLoops(loop -> upstreams.give(loop, this::take));
        }
        await(looking, most);
        sendTaken(giver);
    }

    /** Sends all that is idle now; the last time. */
    void sendLast(Giver giver) throws IOException {
        await(onLoops(loop -> upstreams.give(loop, this::take)), LOOPS_MAX);
        sendTaken(giver);
    }

    /** What comes from now on is closed. */
    @Override
    public void close() {
        over = true;
        closeTaken();
        LOG.info("{} idle upstream connections handed over", sent);
    }

    /** On a loop. */
    private boolean take(IdleConnection idle) {
        taken.add(idle);
        if (over) {
            closeTaken(); // no other code will
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

    private void sendTaken(Giver giver) throws IOException {
        List<IdleConnection> packet = new ArrayList<>();
        try {
            for (IdleConnection next = taken.poll(); next != null; next = taken.poll()) {
                if (!packet.isEmpty()
                        && (packet.size() == Giver.idleMax() || !packet.get(0).hasKeyOf(next))) {
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

    private CountDownLatch onLoops(Consumer<BatonLoop> task) {
        List<BatonLoop> all = loops.withLanes();
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
        return latch;
    }

    private static void await(CountDownLatch latch, Duration most) {
        try {
            if (!latch.await(most.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.debug("{} loops are busy", latch.getCount());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
