package dev.baton.runtime.channel;

import dev.baton.runtime.posix.Posix;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.Sockets;
import io.netty.channel.ChannelException;
import java.util.function.IntConsumer;

/** Gives a socket one of its options. */
final class KernelOption {
    private KernelOption() {}

    /** Holder: the socket is this channel's. */
    static void set(Posix posix, int number, int level, int option, int value) {
        int result = posix.setIntOption(number, level, option, value);
        // A peer that is gone already (EINVAL on some options) shows at the next read or write.
        if (result < 0 && result != -Errno.EINVAL) {
            throw new ChannelException(FdChannel.error("set socket option " + option + " of level " + level, result));
        }
    }

    /** Any thread. Under a claim, or not at all: what a configuration remembers is applied when a socket comes. */
    static void setNow(FdChannel channel, SocketOption option, int value) {
        now(channel, number -> option.set(channel.env.posix(), number, value));
    }

    /**
     * Holder: what a close does with unsent bytes.
     *
     * @param seconds 0 resets the connection; everything else leaves them to the kernel. Never to close(2), which would
     *     wait
     */
    static void setLinger(Posix posix, int number, int seconds) {
        int result = posix.setLinger(number, seconds == 0 ? 0 : -1);
        if (result < 0) {
            throw new ChannelException(FdChannel.error("set SO_LINGER", result));
        }
    }

    /**
     * Any thread: what the kernel has for an option that was never set. As with addresses, no claim is needed: if the
     * registration is live after the answer, that was about this socket.
     *
     * @param kind of the socket: before there is one, a new one is asked in its place
     * @return the value; 0 if there is none to be had
     */
    static int get(FdChannel channel, FdKind kind, int level, int option) {
        if (!channel.hasEnv()) {
            return 0;
        }
        Posix posix = channel.env.posix();
        Fd known = channel.fd();
        if (known != null) {
            int value = channel.isLive() ? posix.intOption(known.number(), level, option) : 0;
            return channel.isLive() ? Math.max(value, 0) : 0;
        }
        int type = kind == FdKind.DATAGRAM ? Sockets.SOCK_DGRAM : Sockets.SOCK_STREAM;
        int number = posix.socket(Sockets.AF_INET, type, 0);
        if (number < 0) {
            return 0;
        }
        Fd fresh = channel.env.table().fdInsert(number, kind);
        try {
            return Math.max(posix.intOption(number, level, option), 0);
        } finally {
            channel.env.table().fdDelete(fresh);
        }
    }

    /** Any thread: as {@link #setNow}. */
    static void now(FdChannel channel, IntConsumer option) {
        if (channel.fd() == null || !channel.isAtHome()) {
            return;
        }
        if (channel.enter()) {
            try {
                if (channel.isLive()) {
                    option.accept(channel.live().number());
                }
            } finally {
                channel.leave();
            }
        } else {
            channel.later(() -> now(channel, option));
        }
    }
}
