package dev.baton.testkit.http;

import dev.baton.spi.http.HttpFields;
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

    /** Of the length that was said; -1: none was. */
    private long left;

    private boolean full;
    private int writesWhileFull;
    private boolean ended;
    private boolean aborted;
    private boolean exchangeOver;
    private String trailers = "";

    /**
     * For one response.
     *
     * @param length of the body, in bytes; -1: not known
     */
    FakeStream(Object lock, boolean slow, long length) {
        this.lock = lock;
        this.slow = slow;
        left = length;
    }

    /** The response has no body: its head is all of it. */
    FakeStream withoutBody() {
        ended = true;
        exchangeOver = true;
        return this;
    }

    @Override
    public boolean write(ByteBuf bytes) {
        synchronized (lock) {
            byte[] piece = ByteBufUtil.getBytes(bytes);
            bytes.release();
            if (exchangeOver) {
                return false;
            }
            if (ended) {
                throw new IllegalStateException("the response has ended already");
            }
            if (full) {
                writesWhileFull++;
            }
            if (left >= 0 && piece.length > left) {
                throw new AssertionError("a stream was written more than the length that was said");
            }
            left -= left < 0 ? 0 : piece.length;
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
    public void end(HttpFields behind) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < behind.size(); i++) {
            text.append(behind.name(i)).append(": ").append(behind.value(i)).append('\n');
        }
        synchronized (lock) {
            finish(false);
            if (left < 0) {
                trailers = text.toString();
            }
        }
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
            if (!abort && !exchangeOver && left > 0) {
                throw new AssertionError("a stream was ended " + left + " bytes before the length that was said");
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

    /** The client takes no more now. */
    boolean isFull() {
        synchronized (lock) {
            return full && !ended;
        }
    }

    boolean isEnded() {
        return ended;
    }

    /** The fields behind the body, a line each. */
    String trailers() {
        return trailers;
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
