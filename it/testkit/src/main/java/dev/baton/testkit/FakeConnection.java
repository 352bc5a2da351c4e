package dev.baton.testkit;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.loop.Loop;
import io.netty.channel.AbstractChannel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketChannelConfig;
import io.netty.util.concurrent.ImmediateEventExecutor;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A connection that consists of its claim: an owner, whether somebody runs in it, whether it is deleted. For tests of
 * pools, on any number of threads; nothing can be read or written.
 *
 * <p>As with the real one, who closes it while somebody runs in it leaves the close to that one's leave.
 */
public class FakeConnection extends AbstractChannel implements MovableChannel, SocketChannel {

    private record Word(Loop owner, boolean running, boolean deleted) {}

    private final AtomicReference<Word> word;
    private final AtomicInteger closes = new AtomicInteger();
    private final DefaultChannelPromise closePromise = new DefaultChannelPromise(this, ImmediateEventExecutor.INSTANCE);

    /** Who holds the claim, and how often; written by the holder only. */
    private volatile @Nullable Thread holder;

    private int depth;
    private @Nullable Runnable afterLeave;
    private volatile boolean queued;

    /** An open connection, owned by this loop, without a claim. */
    public FakeConnection(Loop owner) {
        super(null);
        this.word = new AtomicReference<>(new Word(owner, false, false));
    }

    private Word now() {
        return Objects.requireNonNull(word.get());
    }

    /** Whether tasks wait in it, so that no thread can enter. */
    public void queued(boolean queued) {
        this.queued = queued;
    }

    /** Takes it over on behalf of this loop as a rescue would: the pool is not told. */
    public boolean rescueTo(Loop loop) {
        Word now = now();
        return !now.running && !now.deleted && word.compareAndSet(now, new Word(loop, false, false));
    }

    /** How often it was closed: 0 or 1, unless something is wrong. */
    public int closes() {
        return closes.get();
    }

    /** True if the calling thread holds the claim. */
    public boolean heldByCaller() {
        return holder == Thread.currentThread();
    }

    @Override
    public @Nullable Fd fd() {
        return null;
    }

    @Override
    public Loop loop() {
        return now().owner;
    }

    @Override
    public boolean tryEnter() {
        if (holder == Thread.currentThread()) {
            depth++;
            return true;
        }
        Word now = now();
        return !queued && now.owner == ManualLoop.current() && claim(now, now.owner);
    }

    @Override
    public TakeoverResult takeover(Loop thief) {
        assert thief.inLoop() : "a takeover is done by the thief's own thread";
        Word now = now();
        if (now.deleted) {
            return TakeoverResult.GONE;
        }
        assert now.owner != thief || now.running || holder != Thread.currentThread() : "takeover of what one has";
        return now.owner != thief && claim(now, thief) ? TakeoverResult.TAKEN : TakeoverResult.BUSY;
    }

    private boolean claim(Word now, Loop owner) {
        if (now.running || now.deleted || !word.compareAndSet(now, new Word(owner, true, false))) {
            return false;
        }
        assert holder == null : "two holders";
        holder = Thread.currentThread();
        depth = 1;
        return true;
    }

    @Override
    public void leave() {
        assert holder == Thread.currentThread() : "leave by somebody who holds no claim";
        if (--depth > 0) {
            return;
        }
        Runnable after = afterLeave;
        afterLeave = null;
        holder = null;
        Word now = word.getAndUpdate(held -> new Word(held.owner, false, held.deleted));
        if (now.deleted) {
            finishClose();
        }
        if (after != null) {
            after.run();
        }
    }

    @Override
    public ChannelFuture close() {
        Word now = word.getAndUpdate(open -> new Word(open.owner, open.running, true));
        if (!now.deleted && !now.running) {
            finishClose();
        }
        return closePromise;
    }

    private void finishClose() {
        closes.incrementAndGet();
        closePromise.trySuccess();
    }

    @Override
    public ChannelFuture closeFuture() {
        return closePromise;
    }

    @Override
    public boolean isOpen() {
        return !now().deleted;
    }

    @Override
    public boolean isActive() {
        return isOpen();
    }

    @Override
    public void afterLeave(Runnable action) {
        assert holder == Thread.currentThread() : "afterLeave by somebody who holds no claim";
        afterLeave = action;
    }

    @Override
    public void post(Runnable task) {
        throw new UnsupportedOperationException("a fake connection runs no tasks");
    }

    @Override
    public void offer(Runnable task) {
        throw new UnsupportedOperationException("a fake connection runs no tasks");
    }

    @Override
    public SocketChannelConfig config() {
        throw new UnsupportedOperationException("a fake connection has no configuration");
    }

    @Override
    public ChannelMetadata metadata() {
        return new ChannelMetadata(false);
    }

    @Override
    public ServerSocketChannel parent() {
        throw new UnsupportedOperationException("a fake connection was not accepted by anybody");
    }

    @Override
    public InetSocketAddress localAddress() {
        return InetSocketAddress.createUnresolved("fake", 1);
    }

    @Override
    public InetSocketAddress remoteAddress() {
        return InetSocketAddress.createUnresolved("fake", 2);
    }

    @Override
    protected SocketAddress localAddress0() {
        return localAddress();
    }

    @Override
    protected SocketAddress remoteAddress0() {
        return remoteAddress();
    }

    @Override
    public boolean isInputShutdown() {
        return !isOpen();
    }

    @Override
    public ChannelFuture shutdownInput() {
        return close();
    }

    @Override
    public ChannelFuture shutdownInput(ChannelPromise promise) {
        return close();
    }

    @Override
    public boolean isOutputShutdown() {
        return !isOpen();
    }

    @Override
    public ChannelFuture shutdownOutput() {
        return close();
    }

    @Override
    public ChannelFuture shutdownOutput(ChannelPromise promise) {
        return close();
    }

    @Override
    public boolean isShutdown() {
        return !isOpen();
    }

    @Override
    public ChannelFuture shutdown() {
        return close();
    }

    @Override
    public ChannelFuture shutdown(ChannelPromise promise) {
        return close();
    }

    @Override
    protected AbstractUnsafe newUnsafe() {
        return new AbstractUnsafe() {
            @Override
            public void connect(SocketAddress remote, SocketAddress local, ChannelPromise promise) {
                promise.setFailure(new UnsupportedOperationException("a fake connection connects nowhere"));
            }
        };
    }

    @Override
    protected boolean isCompatible(EventLoop loop) {
        return false;
    }

    @Override
    protected void doBind(SocketAddress address) {
        throw new UnsupportedOperationException();
    }

    @Override
    protected void doDisconnect() {
        throw new UnsupportedOperationException();
    }

    @Override
    protected void doClose() {
        throw new UnsupportedOperationException();
    }

    @Override
    protected void doBeginRead() {
        throw new UnsupportedOperationException();
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer in) {
        throw new UnsupportedOperationException();
    }
}
