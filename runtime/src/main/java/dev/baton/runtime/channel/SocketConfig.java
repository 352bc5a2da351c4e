package dev.baton.runtime.channel;

import dev.baton.runtime.posix.Posix;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.MessageSizeEstimator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The options of a channel by the table of {@link SocketOption}. They are remembered, and given to the kernel when
 * there is a socket: a channel gets its socket late, when the address family is known. A channel whose options are all
 * as they began has two fields for them. An option that its kind does not have is refused as by Netty's own:
 * {@code getOption} gives null and {@code setOption} false.
 *
 * <p>Threading: any thread.
 *
 * @param <C> what Netty's fluent setters return
 */
abstract class SocketConfig<C extends ChannelConfig> extends DefaultChannelConfig {
    private static final VarHandle SET;
    private static final VarHandle FLAGS;
    private static final VarHandle VALUE = MethodHandles.arrayElementVarHandle(int[].class);

    static {
        try {
            SET = MethodHandles.lookup().findVarHandle(SocketConfig.class, "set", int[].class);
            FLAGS = MethodHandles.lookup().findVarHandle(SocketConfig.class, "flags", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** Places in the table that fit beside each other in {@link #flags}. */
    private static final int FLAGS_MAX = 16;

    /**
     * The flags that were set: a bit for each place in the table, and {@value #FLAGS_MAX} bits higher its value.
     * Services set one for each connection, which must not cost an array.
     */
    @SuppressWarnings("UnusedVariable") // through FLAGS
    private int flags;

    /** The numbers that were set, by the places in the table; null until one is. */
    @SuppressWarnings("UnusedVariable") // through SET
    private int @Nullable [] set;

    SocketConfig(Channel channel) {
        super(channel);
    }

    SocketConfig(Channel channel, RecvByteBufAllocator allocator) {
        super(channel, allocator);
    }

    abstract SocketKind kind();

    /** Something is about to be changed. Throws if it must not be. */
    void changing() {}

    @SuppressWarnings("unchecked")
    private C self() {
        return (C) this;
    }

    // ---- values ---------------------------------------------------------------------------------------------------

    private int @Nullable [] values() {
        return (int[]) SET.getAcquire(this);
    }

    private int stored(SocketOption option) {
        if (option.isFlag()) {
            int all = (int) FLAGS.getVolatile(this);
            return (all & bit(option)) == 0 ? SocketOption.UNSET : (all >>> (option.index() + FLAGS_MAX)) & 1;
        }
        int[] values = values();
        return values == null ? SocketOption.UNSET : (int) VALUE.getVolatile(values, option.index());
    }

    private int known(SocketOption option) {
        int stored = stored(option);
        return stored != SocketOption.UNSET ? stored : option.initial(kind());
    }

    private static int bit(SocketOption option) {
        assert SocketOption.count() <= FLAGS_MAX : "flags have no room for all options";
        return 1 << option.index();
    }

    private void storeFlag(SocketOption option, int value) {
        int bit = bit(option);
        int before;
        int after;
        do {
            before = (int) FLAGS.getVolatile(this);
            after = before | bit | (bit << FLAGS_MAX);
            if (value == 0) {
                after &= ~(bit << FLAGS_MAX);
            }
        } while (!FLAGS.compareAndSet(this, before, after));
    }

    private void store(SocketOption option, int value) {
        if (option.isFlag()) {
            storeFlag(option, value);
            return;
        }
        int[] values = values();
        if (values == null) {
            int[] made = new int[SocketOption.count()];
            Arrays.fill(made, SocketOption.UNSET);
            values = (int[]) SET.compareAndExchange(this, null, made);
            if (values == null) {
                values = made;
            }
        }
        VALUE.setVolatile(values, option.index(), value);
    }

    /** As it was set, or the kernel's. */
    final int number(SocketOption option) {
        int known = known(option);
        if (known != SocketOption.UNSET) {
            return known;
        }
        return channel instanceof FdChannel mine ? option.get(mine, kind()) : 0;
    }

    final boolean flag(SocketOption option) {
        return number(option) != 0;
    }

    /**
     * Sets it, now or when there is a socket.
     *
     * @throws UnsupportedOperationException if channels of this kind do not have it
     */
    C set(SocketOption option, int value) {
        changing();
        if (!option.has(kind())) {
            throw new UnsupportedOperationException(option + ": a channel of kind " + kind() + " has no such option");
        }
        option.check(value);
        if (!option.isFlag() || known(option) != value) {
            store(option, value);
        }
        if (channel instanceof FdChannel mine && option.isKernels(kind().isInet())) {
            KernelOption.setNow(mine, option, value);
        }
        return self();
    }

    final C set(SocketOption option, boolean on) {
        return set(option, on ? 1 : 0);
    }

    /**
     * Holder: the socket has come into being.
     *
     * @param inet whether it is of an internet family
     * @param noDelayAlready whether TCP_NODELAY is on; the other flags of a new socket are off
     */
    final void applyTo(Posix posix, int number, boolean inet, boolean noDelayAlready) {
        for (SocketOption option : SocketOption.all(kind())) {
            if (!option.isKernels(inet)) {
                continue;
            }
            int value;
            if (option.isFlag()) {
                value = known(option);
                int already = noDelayAlready && option == SocketOption.NO_DELAY ? 1 : 0;
                if (value == already) {
                    continue;
                }
            } else {
                value = stored(option);
                if (value == SocketOption.UNSET) {
                    continue;
                }
            }
            option.set(posix, number, value);
        }
    }

    // ---- Netty's options ------------------------------------------------------------------------------------------

    @Override
    public Map<ChannelOption<?>, Object> getOptions() {
        return getOptions(super.getOptions(), SocketOption.nettys(kind()));
    }

    @SuppressWarnings("unchecked")
    @Override
    public <T> T getOption(ChannelOption<T> option) {
        SocketOption row = SocketOption.of(option, kind());
        return row == null ? super.getOption(option) : (T) row.decode(number(row));
    }

    @Override
    public <T> boolean setOption(ChannelOption<T> option, T value) {
        changing();
        SocketOption row = SocketOption.of(option, kind());
        if (row == null) {
            return super.setOption(option, value);
        }
        validate(option, value);
        set(row, row.encode(value));
        return true;
    }

    // ---- Netty's fluent setters, with the type of the channel's configuration
    // ----------------------------------------

    @Override
    public C setConnectTimeoutMillis(int millis) {
        changing();
        super.setConnectTimeoutMillis(millis);
        return self();
    }

    @Deprecated
    @Override
    public C setMaxMessagesPerRead(int count) {
        changing();
        super.setMaxMessagesPerRead(count);
        return self();
    }

    @Override
    public C setWriteSpinCount(int count) {
        changing();
        super.setWriteSpinCount(count);
        return self();
    }

    @Override
    public C setAllocator(ByteBufAllocator allocator) {
        changing();
        super.setAllocator(allocator);
        return self();
    }

    @Override
    public C setRecvByteBufAllocator(RecvByteBufAllocator allocator) {
        // Never refused: the super constructor calls it.
        super.setRecvByteBufAllocator(allocator);
        return self();
    }

    @Override
    public C setAutoRead(boolean on) {
        changing();
        super.setAutoRead(on);
        return self();
    }

    @Override
    public C setAutoClose(boolean on) {
        changing();
        super.setAutoClose(on);
        return self();
    }

    @Override
    public C setMessageSizeEstimator(MessageSizeEstimator estimator) {
        changing();
        super.setMessageSizeEstimator(estimator);
        return self();
    }

    @Override
    public C setWriteBufferHighWaterMark(int bytes) {
        changing();
        super.setWriteBufferHighWaterMark(bytes);
        return self();
    }

    @Override
    public C setWriteBufferLowWaterMark(int bytes) {
        changing();
        super.setWriteBufferLowWaterMark(bytes);
        return self();
    }

    @Override
    public C setWriteBufferWaterMark(WriteBufferWaterMark mark) {
        changing();
        super.setWriteBufferWaterMark(mark);
        return self();
    }
}
