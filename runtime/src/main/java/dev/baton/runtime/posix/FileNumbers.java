package dev.baton.runtime.posix;

import io.netty.util.internal.PlatformDependent;
import java.io.FileDescriptor;
import java.nio.channels.FileChannel;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The fd numbers of files that Java has opened, for calls that Java does not make as they are needed here. Java does
 * not tell them: they are read where it keeps them, as Netty's native transports do, by Netty's way to memory. Where
 * that is shut (a JDK that forbids it, another class of channel) there is no number, and who asks has to do without.
 */
public final class FileNumbers {
    /** No number can be told. */
    public static final int UNKNOWN = -1;

    private static final Logger LOG = LoggerFactory.getLogger(FileNumbers.class);
    private static final long NOWHERE = -1;

    private static final @Nullable Class<?> CHANNEL = channel();
    private static final long DESCRIPTOR = CHANNEL == null ? NOWHERE : offset(CHANNEL, "fd", FileDescriptor.class);
    private static final long NUMBER = offset(FileDescriptor.class, "fd", int.class);

    private FileNumbers() {}

    /**
     * The number of an open file.
     *
     * @return the number, valid until the channel is closed; {@link #UNKNOWN} if it cannot be told, or is closed
     */
    public static int of(FileChannel channel) {
        if (DESCRIPTOR == NOWHERE || NUMBER == NOWHERE || channel.getClass() != CHANNEL || !channel.isOpen()) {
            return UNKNOWN;
        }
        Object descriptor = PlatformDependent.getObject(channel, DESCRIPTOR);
        return descriptor == null ? UNKNOWN : PlatformDependent.getInt(descriptor, NUMBER);
    }

    private static @Nullable Class<?> channel() {
        try {
            return Class.forName("sun.nio.ch.FileChannelImpl");
        } catch (ClassNotFoundException e) {
            LOG.debug("this JDK has other file channels: files are copied", e);
            return null;
        }
    }

    private static long offset(Class<?> owner, String field, Class<?> type) {
        try {
            var found = owner.getDeclaredField(field);
            return PlatformDependent.hasUnsafe() && found.getType() == type
                    ? PlatformDependent.objectFieldOffset(found)
                    : NOWHERE;
        } catch (NoSuchFieldException | RuntimeException e) {
            LOG.debug("cannot find {} of {}: files are copied", field, owner, e);
            return NOWHERE;
        }
    }
}
