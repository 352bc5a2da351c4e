package dev.baton.runtime.channel;

import dev.baton.spi.channel.Eviction;
import dev.baton.spi.fd.FdKind;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The memory that a stream socket holds: what of it is counted, and what ends it when that is too much. */
abstract class CountedChannel extends HalfCloseChannel {
    private static final Logger LOG = LoggerFactory.getLogger(CountedChannel.class);

    /** Bytes up to which a piece that has to wait is copied, where its buffer is {@link #WASTE} times as large. */
    private static final int SMALL_BYTES = 1024;

    private static final int WASTE = 4;

    /** Null while it holds nothing that is worth counting. Others read it without order, to find who holds most. */
    private @Nullable Holding holding;

    CountedChannel(@Nullable Channel parent, @Nullable ChannelEnv env, FdKind kind) {
        super(parent, env, kind);
    }

    /** Holder: the service's part of what is held; {@link dev.baton.spi.channel.MovableChannel#hold}. */
    public final boolean hold(long heapBytes, long directBytes) {
        Holding held = holding;
        if (held == null) {
            if ((heapBytes | directBytes) == 0 || !isOpen()) {
                return true;
            }
            held = newHolding();
        }
        boolean room = held.service(heapBytes, directBytes);
        dropIfNothing(held);
        return room;
    }

    /** Holder: what waits to be sent may have changed. */
    final void countOutput(ChannelOutboundBuffer out) {
        long pending = out.totalPendingWriteBytes();
        Holding held = holding;
        if (held == null) {
            if (pending == 0 || !isOpen()) {
                return;
            }
            held = newHolding();
        }
        held.output(pending);
        dropIfNothing(held);
    }

    private Holding newHolding() {
        Holding made = new Holding(env.budget(), System.nanoTime());
        holding = made;
        return made;
    }

    private void dropIfNothing(Holding held) {
        if (held.isNothing()) {
            holding = null;
        }
    }

    final @Nullable Holding holding() {
        return holding;
    }

    /** Ends a connection that holds too much: in the words of its service, or by a reset. Any thread. */
    final void evict() {
        try {
            later(this::evicted);
        } catch (RejectedExecutionException e) {
            LOG.debug("the loop of {} has ended, and what it held with it", fd(), e);
        }
    }

    private void evicted() {
        if (!isOpen() || holding == null) {
            return; // it has given everything back meanwhile
        }
        Eviction eviction = new Eviction();
        pipeline().fireUserEventTriggered(eviction);
        if (!eviction.isTaken() && isOpen()) {
            config().setOption(ChannelOption.SO_LINGER, 0); // what was cut short must not look complete
            closeQuietly();
        }
    }

    /** Holder, at the end: from here on nothing is held. */
    final void giveBack() {
        Holding held = holding;
        if (held != null) {
            holding = null;
            held.giveBack();
        }
    }

    /** True if it is a few bytes that keep a large buffer, for as long as they wait. */
    static boolean isWasteful(ByteBuf buffer) {
        int bytes = buffer.readableBytes();
        if (bytes > SMALL_BYTES) {
            return false;
        }
        ByteBuf whole = buffer;
        for (ByteBuf next = whole.unwrap(); next != null; next = next.unwrap()) {
            whole = next;
        }
        return whole.capacity() > WASTE * bytes;
    }
}
