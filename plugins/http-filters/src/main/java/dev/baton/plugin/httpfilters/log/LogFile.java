package dev.baton.plugin.httpfilters.log;

import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.threading.OffLoop;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file of lines, or the standard output, with the thread that writes it. Lines of any thread go through a ring; the
 * thread takes them out every few milliseconds, with one write for all, and sleeps where there are none. It opens the
 * file when the first line comes, and again when the file was renamed or removed, or somebody asks.
 *
 * <pre>
 * state      means                                  left by
 * NEW        no line has come                       the first line: starts the thread
 * AWAKE      the thread looks by itself             the thread, when it finds nothing for a while
 * ASLEEP     the thread waits to be woken           the next line, a reopen, the close
 * </pre>
 */
final class LogFile {
    private static final Logger LOG = LoggerFactory.getLogger(LogFile.class);

    /** A batch, in bytes: the longest write, and the longest line. */
    private static final int BATCH_BYTES = 256 * 1024;
    /** Time in which lines are gathered. */
    private static final long GATHER_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
    /** Rounds without a line before the thread sleeps: 100 ms. */
    private static final int IDLE_ROUNDS = 20;
    /** How often the thread looks whether the file is still the one that it has open, or can be opened again. */
    private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final long CLOSE_MILLIS = 5_000;

    private static final int NEW = 0;
    private static final int AWAKE = 1;
    private static final int ASLEEP = 2;
    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(LogFile.class, "state", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Optional<Path> path;
    private final LineRing ring;
    private final Metrics.Counter written;
    private final Metrics.Counter dropped;
    private final Thread thread;
    private final ConcurrentLinkedQueue<CompletableFuture<Boolean>> reopens = new ConcurrentLinkedQueue<>();

    @SuppressWarnings("unused") // by its handle
    private int state = NEW;

    private volatile boolean closed;
    private volatile boolean ended;

    // Of the thread.
    private @Nullable FileChannel channel;
    private @Nullable Object key;
    private long lookedNanos;
    private boolean failing;

    /**
     * Opens nothing yet.
     *
     * @param path empty: the standard output
     * @param ringBytes a power of two
     */
    LogFile(Optional<Path> path, int ringBytes, Metrics metrics) {
        this.path = path;
        ring = new LineRing(ringBytes);
        String file = path.map(Path::toString).orElse("stdout");
        written = metrics.counter("baton_access_log_lines_total", "Lines of the access log.", "file", file);
        dropped = metrics.counter(
                "baton_access_log_dropped_total", "Lines of the access log that were dropped.", "file", file);
        thread = new Thread(this::run, "access log " + file);
        thread.setDaemon(true);
    }

    /** Adds a line, or drops it if there is no room. */
    @AnyThread
    void offer(byte[] line, int length) {
        if (length <= BATCH_BYTES && ring.offer(line, length)) {
            wake();
        } else {
            dropped.increment();
        }
    }

    private void wake() {
        int now = (int) STATE.getVolatile(this);
        if (now != AWAKE && STATE.compareAndSet(this, now, AWAKE)) {
            if (now == NEW) {
                thread.start();
            } else {
                LockSupport.unpark(thread);
            }
        }
    }

    /**
     * Opens the file again, after what came before was written.
     *
     * @return completes with false if it could not be opened
     */
    @AnyThread
    CompletionStage<Boolean> reopen() {
        if (path.isEmpty() || (int) STATE.getVolatile(this) == NEW) {
            return CompletableFuture.completedStage(true);
        }
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        reopens.add(done);
        wake();
        if (ended) {
            done.complete(false);
        }
        return done;
    }

    /** Writes what is left, for 5 s at most. */
    @OffLoop
    void close() {
        closed = true;
        if ((int) STATE.getVolatile(this) == NEW) {
            return;
        }
        wake();
        try {
            thread.join(CLOSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    // ---- the thread ------------------------------------------------------------------------------------------------

    private void run() {
        ByteBuffer batch = ByteBuffer.allocateDirect(BATCH_BYTES);
        int idle = 0;
        boolean last = false;
        while (!last) {
            last = closed; // seen before the ring: what came before the close is written
            int lines = ring.drain(batch);
            boolean full = lines > 0 && batch.remaining() < BATCH_BYTES / 2;
            write(batch, lines);
            reopenIfAsked();
            if (last || full) {
                last &= !full;
                continue;
            }
            idle = lines > 0 ? 0 : idle + 1;
            if (idle < IDLE_ROUNDS) {
                LockSupport.parkNanos(this, GATHER_NANOS);
            } else {
                sleep();
                idle = 0;
            }
        }
        closeChannel();
        ended = true;
        takeAsked().forEach(each -> each.complete(false));
    }

    /**
     * Sleeps until something comes. A line is added before {@link #wake} reads the state, and the state is set here
     * before the ring is looked at: one of the two sees the other.
     */
    private void sleep() {
        STATE.setVolatile(this, ASLEEP);
        while ((int) STATE.getVolatile(this) == ASLEEP) {
            if (!ring.isEmpty() || !reopens.isEmpty() || closed) {
                STATE.compareAndSet(this, ASLEEP, AWAKE);
                return;
            }
            LockSupport.park(this);
        }
    }

    private void write(ByteBuffer batch, int lines) {
        if (lines == 0) {
            return;
        }
        batch.flip();
        try {
            FileChannel to = current();
            if (to == null) {
                dropped.add(lines);
                return;
            }
            while (batch.hasRemaining()) {
                to.write(batch);
            }
            written.add(lines);
            failing = false;
        } catch (IOException e) {
            dropped.add(lines);
            failed(e);
            closeChannel();
        } finally {
            batch.clear();
        }
    }

    /** The channel to write to; null if the file cannot be opened. */
    private @Nullable FileChannel current() {
        long now = System.nanoTime();
        boolean look = now - lookedNanos >= LOOK_NANOS || lookedNanos == 0;
        if (look) {
            lookedNanos = now;
            if (channel == null || isReplaced()) {
                open();
            }
        }
        return channel;
    }

    private boolean isReplaced() {
        if (path.isEmpty()) {
            return false;
        }
        try {
            return !keyOf(path.get()).equals(key);
        } catch (NoSuchFileException e) {
            return true;
        } catch (IOException e) {
            failed(e);
            return false;
        }
    }

    private static Object keyOf(Path file) throws IOException {
        Object key = Files.readAttributes(file, BasicFileAttributes.class).fileKey();
        return key == null ? file : key;
    }

    private boolean open() {
        closeChannel();
        try {
            if (path.isEmpty()) {
                channel = new FileOutputStream(FileDescriptor.out).getChannel();
            } else {
                channel = FileChannel.open(
                        path.get(), StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
                key = keyOf(path.get());
            }
            return true;
        } catch (IOException e) {
            failed(e);
            return false;
        }
    }

    private void reopenIfAsked() {
        List<CompletableFuture<Boolean>> asked = takeAsked();
        if (!asked.isEmpty()) { // who asks from here on asks for another time
            boolean opened = open();
            lookedNanos = System.nanoTime();
            asked.forEach(each -> each.complete(opened));
        }
    }

    private List<CompletableFuture<Boolean>> takeAsked() {
        List<CompletableFuture<Boolean>> asked = new ArrayList<>();
        for (CompletableFuture<Boolean> each = reopens.poll(); each != null; each = reopens.poll()) {
            asked.add(each);
        }
        return asked;
    }

    /** Says so once until it is better again. */
    private void failed(IOException e) {
        if (!failing) {
            LOG.error("cannot write the access log {}: {}; its lines are dropped", path.orElse(null), e.toString());
        }
        failing = true;
    }

    private void closeChannel() {
        FileChannel open = channel;
        channel = null;
        if (open != null && path.isPresent()) {
            try {
                open.close();
            } catch (IOException e) {
                failed(e);
            }
        }
    }
}
