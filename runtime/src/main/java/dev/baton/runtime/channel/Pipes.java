package dev.baton.runtime.channel;

import dev.baton.runtime.fd.FdBudget;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * The pipes of all {@link Tunnel}s. A tunnel has one only while bytes are in it: for the length of a turn, or until a
 * slow receiver has taken the rest. So there are as many as there are loops and slow receivers, and a connection on
 * which nothing moves has none.
 *
 * <p>A few empty ones are kept while there are tunnels. Their number is limited by what Linux lets a user without
 * privileges have, and their fds are lent by the {@link FdBudget}; a tunnel that gets none reads and writes.
 *
 * <p>Thread-safe; nothing here waits.
 */
public final class Pipes {
    /** Bytes of the first pipes, the most that Linux gives a user: the fewer turns, the fewer wakeups of both peers. */
    static final int LARGE_BYTES = 1 << 20;
    /**
     * How many are so large: 32 MiB, half of what Linux gives a user for all pipes ({@code fs.pipe-user-pages-soft}).
     */
    private static final int LARGE_PIPES = 32;
    /** With those of 64 KiB, which take another 14 MiB. */
    private static final int PIPES_MAX = 256;
    /** Of the fds for clients and upstream connections, the part that pipes may have. */
    private static final int FDS_SHARE = 8;

    private static final int FDS = 2;
    /** Kept empty: one for each loop of most machines. A power of two. */
    private static final int SPARES = 8;

    private final FdTable table;
    private final Posix posix;
    private final FdBudget fds;
    private final AtomicReferenceArray<Pipe> spares = new AtomicReferenceArray<>(SPARES);
    private final AtomicInteger tunnels = new AtomicInteger();
    private final AtomicInteger open = new AtomicInteger();
    private final LongAdder bytes = new LongAdder();

    Pipes(FdTable table, Posix posix, FdBudget fds) {
        this.table = table;
        this.posix = posix;
        this.fds = fds;
    }

    /** Pipes that are open now, empty ones included. */
    public int open() {
        return open.get();
    }

    /** How many there may be. */
    public int most() {
        return Math.min(PIPES_MAX, fds.most() / (FDS_SHARE * FDS));
    }

    /** Bytes that have gone through pipes. */
    public long bytes() {
        return bytes.sum();
    }

    void count(int passed) {
        bytes.add(passed);
    }

    /** There is a tunnel more. */
    void began() {
        tunnels.getAndIncrement();
    }

    /** There is a tunnel less. */
    void ended() {
        if (tunnels.decrementAndGet() == 0) {
            closeSpares();
        }
    }

    /** An empty pipe, of which the caller is the user; null if there may be no more, or the kernel has none. */
    @Nullable
    Pipe take() {
        int start = start();
        for (int i = 0; i < SPARES; i++) {
            int slot = (start + i) & (SPARES - 1);
            Pipe kept = spares.get(slot) == null ? null : spares.getAndSet(slot, null);
            if (kept != null) {
                return kept;
            }
        }
        return opened();
    }

    private @Nullable Pipe opened() {
        int count = open.incrementAndGet();
        if (count <= most() && fds.lend(FDS)) {
            int[] numbers = new int[2];
            if (posix.pipe(numbers) == 0) {
                Pipe pipe = inserted(numbers);
                if (count <= LARGE_PIPES) {
                    posix.setPipeSize(pipe.writeEnd(), LARGE_BYTES); // if not, it is as large as it was
                }
                return pipe;
            }
            fds.takeBack(FDS);
        }
        open.getAndDecrement();
        return null;
    }

    private Pipe inserted(int[] numbers) {
        Fd readEnd = table.fdInsertHeld(numbers[0], FdKind.PIPE);
        return new Pipe(readEnd, table.fdInsertHeld(numbers[1], FdKind.PIPE));
    }

    /** Its user has emptied it. */
    void give(Pipe empty) {
        int start = start();
        for (int i = 0; i < SPARES; i++) {
            if (spares.compareAndSet((start + i) & (SPARES - 1), null, empty)) {
                // Behind the place, as ended() counts before it looks: one of the two finds the pipe.
                if (tunnels.get() == 0) {
                    closeSpares();
                }
                return;
            }
        }
        close(empty);
    }

    /** Its user needs it no more, whatever is in it. */
    void close(Pipe pipe) {
        pipe.close(table);
        fds.takeBack(FDS);
        open.getAndDecrement();
    }

    private void closeSpares() {
        for (int i = 0; i < SPARES; i++) {
            Pipe kept = spares.getAndSet(i, null);
            if (kept != null) {
                close(kept);
            }
        }
    }

    /** A loop finds the one again that it has given back, which its processor knows. */
    private static int start() {
        BatonLoop loop = BatonLoop.currentLoop();
        return loop == null ? 0 : loop.id();
    }
}
