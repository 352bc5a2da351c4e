package dev.baton.runtime.channel;

import dev.baton.runtime.posix.Posix;
import dev.baton.spi.posix.Errno;
import io.netty.channel.ChannelException;

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
    static void setNow(FdChannel channel, int level, int option, int value) {
        if (channel.fd() == null || !channel.isAtHome()) {
            return;
        }
        if (channel.enter()) {
            try {
                if (channel.isLive()) {
                    set(channel.env.posix(), channel.live().number(), level, option, value);
                }
            } finally {
                channel.leave();
            }
        } else {
            channel.later(() -> setNow(channel, level, option, value));
        }
    }
}
