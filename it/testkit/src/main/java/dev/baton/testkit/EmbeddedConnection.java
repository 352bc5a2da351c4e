package dev.baton.testkit;

import dev.baton.runtime.channel.StreamConfig;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.loop.Loop;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketChannelConfig;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Netty's {@link EmbeddedChannel} as a connection of Baton's: for tests of pipelines, all on one thread.
 *
 * <p>With {@link #elsewhere} it behaves as if another loop owned it: no thread enters, what is posted waits for
 * {@link #runPosted}. With {@link #stalled} its peer takes no bytes.
 */
public final class EmbeddedConnection extends EmbeddedChannel implements MovableChannel, SocketChannel {
    private static final InetSocketAddress ADDRESS = new InetSocketAddress("192.0.2.1", 4711);

    private final ArrayDeque<Runnable> posted = new ArrayDeque<>();
    private Loop loop;
    private int claims;
    private boolean elsewhere;
    private boolean ended;
    private boolean stalled;
    private boolean noRoom;
    private long heldHeap;
    private long heldDirect;
    private boolean inputShutdown;
    private boolean outputShutdown;
    private @Nullable Runnable afterLeave;

    // Made when first asked for, which the superclass does before this class' fields are set; hence no initializer.
    private @Nullable SocketChannelConfig config;

    /** An open connection, owned by this loop. */
    public EmbeddedConnection(Loop loop) {
        this.loop = loop;
    }

    /** Whether another loop owns it. */
    public void elsewhere(boolean elsewhere) {
        this.elsewhere = elsewhere;
    }

    /** The loop that owns it has ended, elsewhere: nothing can be posted any more. */
    public void loopEnded() {
        elsewhere = true;
        ended = true;
    }

    /** Whether its peer takes no bytes; when it takes some again, what waits is flushed. */
    public void stalled(boolean stalled) {
        this.stalled = stalled;
        if (!stalled) {
            flush();
        }
    }

    /** Runs what was posted or offered, also while {@link #elsewhere}. */
    public void runPosted() {
        boolean more = true;
        while (more) {
            more = runOnePosted();
        }
    }

    /** Runs the first of what was posted or offered; false if there is nothing. */
    public boolean runOnePosted() {
        Runnable task = posted.poll();
        if (task == null) {
            return false;
        }
        claims++;
        try {
            task.run();
        } finally {
            leave();
        }
        return true;
    }

    /** Whether there is no room for what its service wants to hold more. */
    public void noRoom(boolean noRoom) {
        this.noRoom = noRoom;
    }

    /** Bytes of the heap that its service says it holds. */
    public long heldHeap() {
        return heldHeap;
    }

    /** Bytes of direct memory that its service says it holds. */
    public long heldDirect() {
        return heldDirect;
    }

    @Override
    public boolean hold(long heapBytes, long directBytes) {
        boolean more = heapBytes + directBytes > heldHeap + heldDirect;
        heldHeap = heapBytes;
        heldDirect = directBytes;
        return !more || !noRoom;
    }

    /** True if something was posted and has not run yet. */
    public boolean hasPosted() {
        return !posted.isEmpty();
    }

    /** How many claims are held; 0 when everything is quiet. */
    public int claims() {
        return claims;
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer in) throws Exception {
        if (!stalled) {
            super.doWrite(in);
        }
    }

    @Override
    public SocketChannelConfig config() {
        SocketChannelConfig present = config;
        if (present == null) {
            present = StreamConfig.withoutSocket(this);
            config = present;
        }
        return present;
    }

    @Override
    public @Nullable Fd fd() {
        return new Fd(7, 1);
    }

    @Override
    public Loop loop() {
        return loop;
    }

    @Override
    public boolean tryEnter() {
        if (!isOpen() || (claims == 0 && (elsewhere || !posted.isEmpty()))) {
            return false;
        }
        claims++;
        return true;
    }

    @Override
    public void leave() {
        assert claims > 0 : "leave without a claim";
        claims--;
        Runnable after = afterLeave;
        if (claims == 0 && after != null) {
            afterLeave = null;
            after.run();
        }
    }

    @Override
    public TakeoverResult takeover(Loop thief) {
        if (!isOpen()) {
            return TakeoverResult.GONE;
        }
        if (claims > 0 || !posted.isEmpty()) {
            return TakeoverResult.BUSY;
        }
        loop = thief;
        claims++;
        return TakeoverResult.TAKEN;
    }

    @Override
    public void post(Runnable task) {
        if (posted.isEmpty() && (!elsewhere || claims > 0)) {
            claims++;
            try {
                task.run();
            } finally {
                leave();
            }
        } else if (ended) {
            throw new RejectedExecutionException("the loop has ended");
        } else {
            posted.add(task);
        }
    }

    @Override
    public void offer(Runnable task) {
        posted.add(task);
    }

    @Override
    public void afterLeave(Runnable action) {
        afterLeave = action;
    }

    @Override
    public ServerSocketChannel parent() {
        throw new UnsupportedOperationException("an embedded connection was not accepted by anybody");
    }

    @Override
    public InetSocketAddress localAddress() {
        return ADDRESS;
    }

    @Override
    public InetSocketAddress remoteAddress() {
        return ADDRESS;
    }

    @Override
    public boolean isInputShutdown() {
        return inputShutdown;
    }

    @Override
    public ChannelFuture shutdownInput() {
        return shutdownInput(newPromise());
    }

    @Override
    public ChannelFuture shutdownInput(ChannelPromise promise) {
        inputShutdown = true;
        return promise.setSuccess();
    }

    @Override
    public boolean isOutputShutdown() {
        return outputShutdown;
    }

    @Override
    public ChannelFuture shutdownOutput() {
        return shutdownOutput(newPromise());
    }

    @Override
    public ChannelFuture shutdownOutput(ChannelPromise promise) {
        outputShutdown = true;
        return promise.setSuccess();
    }

    @Override
    public boolean isShutdown() {
        return inputShutdown && outputShutdown;
    }

    @Override
    public ChannelFuture shutdown() {
        return shutdown(newPromise());
    }

    @Override
    public ChannelFuture shutdown(ChannelPromise promise) {
        inputShutdown = true;
        return shutdownOutput(promise);
    }
}
