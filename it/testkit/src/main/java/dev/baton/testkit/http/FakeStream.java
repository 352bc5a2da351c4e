package dev.baton.testkit.http;

import dev.baton.spi.http.HttpStream;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.io.ByteArrayOutputStream;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** The body that a handler writes piece by piece. Its lock is the exchange's. */
final class FakeStream implements HttpStream {
    private final Object lock;
    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private final ArrayDeque<Runnable> whenReady = new ArrayDeque<>();
    /** The client takes one piece at a time. */
    private final boolean slow;

    private boolean full;
    private int writesWhileFull;
    private boolean ended;
    private boolean aborted;
    private boolean exchangeOver;

    FakeStream(Object lock, boolean slow) {
        this.lock = lock;
        this.slow = slow;
    }

    @Override
    public boolean write(ByteBuf bytes) {
        synchronized (lock) {
            byte[] piece = ByteBufUtil.getBytes(bytes);
            bytes.release();
            if (exchangeOver) {
                return true;
            }
            if (ended) {
                throw new IllegalStateException("the response has ended already");
            }
            if (full) {
                writesWhileFull++;
            }
            written.writeBytes(piece);
            full = slow;
            lock.notifyAll();
            return !full;
        }
    }

    @Override
    public void whenReady(Runnable task) {
        synchronized (lock) {
            if (!exchangeOver) {
                whenReady.add(task);
                lock.notifyAll();
            }
        }
    }

    @Override
    public void end() {
        finish(false);
    }

    @Override
    public void abort() {
        finish(true);
    }

    private void finish(boolean abort) {
        synchronized (lock) {
            if (ended && !exchangeOver) {
                throw new IllegalStateException("the response has ended already");
            }
            ended = true;
            aborted |= abort;
            lock.notifyAll();
        }
    }

    /** The client has taken what was written; returns what waits for that. */
    @Nullable
    Runnable nextReady() {
        synchronized (lock) {
            full = false;
            return whenReady.poll();
        }
    }

    boolean isEnded() {
        return ended;
    }

    boolean isAborted() {
        return aborted;
    }

    int writesWhileFull() {
        return writesWhileFull;
    }

    byte[] written() {
        synchronized (lock) {
            return written.toByteArray();
        }
    }

    void exchangeOver() {
        synchronized (lock) {
            exchangeOver = true;
            whenReady.clear();
        }
    }
}
