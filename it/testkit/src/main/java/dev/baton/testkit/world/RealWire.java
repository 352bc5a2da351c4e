package dev.baton.testkit.world;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** A socket of the JDK, which has nothing to do with the runtime under test. */
final class RealWire implements Wire {
    private final SocketChannel channel;
    private final Selector selector;

    RealWire(SocketChannel channel) throws IOException {
        this.channel = channel;
        channel.configureBlocking(false);
        this.selector = Selector.open();
        channel.register(selector, SelectionKey.OP_READ);
    }

    @Override
    public int write(byte[] bytes, int offset) throws IOException {
        return channel.write(ByteBuffer.wrap(bytes, offset, bytes.length - offset));
    }

    @Override
    public int read(byte[] target) {
        try {
            int count = channel.read(ByteBuffer.wrap(target));
            return count < 0 ? END : count;
        } catch (IOException reset) { // the JDK has no other word for it
            return RESET;
        }
    }

    @Override
    public boolean await(boolean room, Duration limit) {
        try {
            SelectionKey key = channel.keyFor(selector);
            key.interestOps(room ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ);
            long deadline = System.nanoTime() + limit.toNanos();
            int ready = selector.selectNow();
            while (ready == 0 && deadline - System.nanoTime() > 0) {
                ready = selector.select(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
            }
            selector.selectedKeys().clear();
            return ready > 0;
        } catch (IOException e) {
            throw new AssertionError("cannot wait: " + e, e);
        }
    }

    @Override
    public void shutdownOutput() {
        try {
            channel.shutdownOutput();
        } catch (IOException e) {
            throw new AssertionError("cannot end the sending side: " + e, e);
        }
    }

    @Override
    public void reset() {
        try {
            channel.setOption(StandardSocketOptions.SO_LINGER, 0);
        } catch (IOException e) {
            throw new AssertionError("cannot reset: " + e, e);
        }
        close();
    }

    @Override
    public void close() {
        try {
            // Before the selector: a channel that is registered would be closed for real by its next select only.
            selector.close();
            channel.close();
        } catch (IOException e) {
            throw new AssertionError("cannot close: " + e, e);
        }
    }
}
