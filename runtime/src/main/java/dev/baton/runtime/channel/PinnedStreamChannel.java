package dev.baton.runtime.channel;

import dev.baton.spi.fd.FdKind;
import io.netty.channel.Channel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * A stream connection that stays with the loop it was registered with: what Vert.x opens and accepts, whose contexts
 * are bound to their loop. Its fd is in the table like any other, so it may be deleted from anywhere.
 */
abstract class PinnedStreamChannel extends FdStreamChannel {
    /** There is a place for it in the process's budget of fds, which its end gives back. */
    private final boolean admitted;

    /** A connection to be opened. */
    PinnedStreamChannel(ChannelEnv env) {
        super(null, env, FdKind.UPSTREAM);
        admitted = false;
    }

    /** A connection that a server channel has accepted, on whatever loop; its own loop comes with the registration. */
    PinnedStreamChannel(@Nullable Channel parent, ChannelEnv env, int number, SocketAddress peer, boolean admitted) {
        super(parent, env, FdKind.DOWNSTREAM);
        this.admitted = admitted;
        connected(peer);
        insertUnowned(number);
    }

    @Override
    public void closed() {
        if (admitted) {
            env.fds().release(1);
        }
        super.closed();
    }

    @Override
    void beginPolling() throws IOException {
        if (!settle()) {
            throw new ClosedChannelException();
        }
        try {
            boolean tcp = remoteAddress0() instanceof InetSocketAddress;
            streamConfig().applyTo(env.posix(), live().number(), tcp, StreamConfig.BEQUEATHED_NO_DELAY);
            super.beginPolling();
        } finally {
            leave();
        }
    }
}
