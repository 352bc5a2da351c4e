package dev.baton.runtime.channel;

import static dev.baton.runtime.channel.SocketKind.DATAGRAM;
import static dev.baton.runtime.channel.SocketKind.TCP;
import static dev.baton.runtime.channel.SocketKind.TCP_SERVER;
import static dev.baton.runtime.channel.SocketKind.UNIX;
import static dev.baton.runtime.channel.SocketKind.UNIX_SERVER;
import static dev.baton.spi.posix.SocketOptions.SOL_SOCKET;
import static dev.baton.spi.posix.Sockets.IPPROTO_IP;
import static dev.baton.spi.posix.Sockets.IPPROTO_TCP;
import static io.netty.channel.ChannelOption.ALLOW_HALF_CLOSURE;
import static io.netty.channel.ChannelOption.IP_TOS;
import static io.netty.channel.ChannelOption.SO_BACKLOG;
import static io.netty.channel.ChannelOption.SO_BROADCAST;
import static io.netty.channel.ChannelOption.SO_KEEPALIVE;
import static io.netty.channel.ChannelOption.SO_LINGER;
import static io.netty.channel.ChannelOption.SO_RCVBUF;
import static io.netty.channel.ChannelOption.SO_REUSEADDR;
import static io.netty.channel.ChannelOption.SO_SNDBUF;
import static io.netty.channel.ChannelOption.TCP_NODELAY;
import static io.netty.channel.unix.UnixChannelOption.SO_REUSEPORT;

import dev.baton.runtime.posix.Posix;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.posix.SocketOptions;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.util.NetUtil;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The options that channels have beside those of {@link io.netty.channel.DefaultChannelConfig}: Netty's name, the
 * kernel's level and name, the type, the value that a channel begins with, and which kinds have it.
 * {@link SocketConfig} does the rest. Options of multicast are in {@link MulticastOptions}: their values are no ints,
 * and two families share them.
 */
final class SocketOption {
    /** No value: the kernel knows it. */
    static final int UNSET = Integer.MIN_VALUE;
    /** The kernel has no such option. */
    private static final int NO_LEVEL = -1;

    private static final int NO_NAME = 0;

    private static final List<SocketOption> TABLE = new ArrayList<>();

    private static final Set<SocketKind> ONLY_TCP = EnumSet.of(TCP);
    private static final Set<SocketKind> STREAMS = EnumSet.of(TCP, UNIX);
    private static final Set<SocketKind> SERVERS = EnumSet.of(TCP_SERVER, UNIX_SERVER);
    private static final Set<SocketKind> DATAGRAMS = EnumSet.of(DATAGRAM);
    private static final Set<SocketKind> ALL = EnumSet.allOf(SocketKind.class);

    /**
     * Begins as {@link StreamConfig#bequeath} makes it: an accepted connection of which nothing is set costs no call.
     */
    static final SocketOption NO_DELAY = flag(TCP_NODELAY, IPPROTO_TCP, SocketOptions.TCP_NODELAY, true, ONLY_TCP);

    static final SocketOption KEEP_ALIVE = flag(SO_KEEPALIVE, SOL_SOCKET, SocketOptions.SO_KEEPALIVE, false, STREAMS);
    static final SocketOption REUSE_ADDRESS = flag(SO_REUSEADDR, SOL_SOCKET, SocketOptions.SO_REUSEADDR, false, ALL);
    static final SocketOption REUSE_PORT =
            flag(SO_REUSEPORT, SOL_SOCKET, SocketOptions.SO_REUSEPORT, false, EnumSet.of(TCP_SERVER, DATAGRAM));
    static final SocketOption BROADCAST = flag(SO_BROADCAST, SOL_SOCKET, SocketOptions.SO_BROADCAST, false, DATAGRAMS);
    static final SocketOption SEND_BUFFER =
            number(SO_SNDBUF, SOL_SOCKET, SocketOptions.SO_SNDBUF, UNSET, EnumSet.of(TCP, UNIX, DATAGRAM));
    /** Of a server before it listens: the window that its connections can have is settled when they are opened. */
    static final SocketOption RECEIVE_BUFFER = number(SO_RCVBUF, SOL_SOCKET, SocketOptions.SO_RCVBUF, UNSET, ALL);

    static final SocketOption TRAFFIC_CLASS =
            number(IP_TOS, IPPROTO_IP, SocketOptions.IP_TOS, 0, EnumSet.of(TCP, DATAGRAM));
    /** A struct, by {@link KernelOption#setLinger}. */
    static final SocketOption LINGER = number(SO_LINGER, SOL_SOCKET, NO_NAME, -1, STREAMS);
    /** The connections have it from their server; those over unix sockets see to it themselves. */
    static final SocketOption USER_TIMEOUT =
            number(FdServerChannel.TCP_USER_TIMEOUT, IPPROTO_TCP, SocketOptions.TCP_USER_TIMEOUT, 0, SERVERS);

    static final SocketOption BACKLOG = number(SO_BACKLOG, NO_LEVEL, NO_NAME, NetUtil.SOMAXCONN, SERVERS);
    static final SocketOption HALF_CLOSURE = flag(ALLOW_HALF_CLOSURE, NO_LEVEL, NO_NAME, false, STREAMS);
    static final SocketOption READ_TO_END = flag(MovableChannel.READ_TO_END, NO_LEVEL, NO_NAME, true, STREAMS);
    static final SocketOption ACTIVE_ON_REGISTRATION =
            flag(activeOnRegistration(), NO_LEVEL, NO_NAME, false, DATAGRAMS);

    private static final Map<ChannelOption<?>, SocketOption> BY_NETTYS = new HashMap<>();
    private static final Map<SocketKind, SocketOption[]> BY_KIND = new EnumMap<>(SocketKind.class);
    private static final Map<SocketKind, ChannelOption<?>[]> NETTYS_BY_KIND = new EnumMap<>(SocketKind.class);

    static {
        for (SocketOption each : TABLE) {
            BY_NETTYS.put(each.nettys, each);
        }
        for (SocketKind kind : SocketKind.values()) {
            SocketOption[] rows = TABLE.stream().filter(each -> each.has(kind)).toArray(SocketOption[]::new);
            BY_KIND.put(kind, rows);
            NETTYS_BY_KIND.put(
                    kind, Arrays.stream(rows).map(each -> each.nettys).toArray(ChannelOption<?>[]::new));
        }
    }

    private final ChannelOption<?> nettys;
    private final int index;
    private final int level;
    private final int name;
    private final boolean flag;
    private final int initial;
    private final Set<SocketKind> kinds;

    private SocketOption(
            ChannelOption<?> nettys, int level, int name, boolean flag, int initial, Set<SocketKind> kinds) {
        this.nettys = nettys;
        this.index = TABLE.size();
        this.level = level;
        this.name = name;
        this.flag = flag;
        this.initial = initial;
        this.kinds = kinds;
        TABLE.add(this);
    }

    private static SocketOption flag(
            ChannelOption<Boolean> nettys, int level, int name, boolean initial, Set<SocketKind> kinds) {
        return new SocketOption(nettys, level, name, true, initial ? 1 : 0, kinds);
    }

    private static SocketOption number(
            ChannelOption<Integer> nettys, int level, int name, int initial, Set<SocketKind> kinds) {
        return new SocketOption(nettys, level, name, false, initial, kinds);
    }

    /** Netty says that it goes when its resolver needs it no more. */
    @SuppressWarnings("deprecation")
    private static ChannelOption<Boolean> activeOnRegistration() {
        return ChannelOption.DATAGRAM_CHANNEL_ACTIVE_ON_REGISTRATION;
    }

    /** The row of an option; null if it is none of ours or channels of this kind do not have it. */
    static @Nullable SocketOption of(ChannelOption<?> option, SocketKind kind) {
        SocketOption known = BY_NETTYS.get(option);
        return known != null && known.has(kind) ? known : null;
    }

    /** How many there are. */
    static int count() {
        return TABLE.size();
    }

    /** All of a kind; not to be written to. */
    static SocketOption[] all(SocketKind kind) {
        return Objects.requireNonNull(BY_KIND.get(kind));
    }

    /** Netty's names of all of a kind; not to be written to. */
    static ChannelOption<?>[] nettys(SocketKind kind) {
        return Objects.requireNonNull(NETTYS_BY_KIND.get(kind));
    }

    /** Its place among all. */
    int index() {
        return index;
    }

    boolean has(SocketKind kind) {
        return kinds.contains(kind);
    }

    boolean isFlag() {
        return flag;
    }

    /** Whether the kernel is to be told. Unix sockets have the options of level SOL_SOCKET only. */
    boolean isKernels(boolean inet) {
        return level == SOL_SOCKET || (inet && level != NO_LEVEL);
    }

    /** What a channel begins with; {@link #UNSET} if the kernel knows. */
    int initial(SocketKind kind) {
        return this == REUSE_ADDRESS && kind == TCP_SERVER ? 1 : initial;
    }

    /**
     * Holder: tells the kernel.
     *
     * @throws ChannelException if it refuses
     */
    void set(Posix posix, int number, int value) {
        if (this == LINGER) {
            KernelOption.setLinger(posix, number, value);
        } else {
            KernelOption.set(posix, number, level, name, value);
        }
    }

    /** Any thread: what the kernel has, or would have; 0 if there is none to be had. */
    int get(FdChannel channel, SocketKind kind) {
        return KernelOption.get(channel, kind.fdKind, level, name);
    }

    /** @throws ChannelException if no channel can have it */
    void check(int value) {
        if (this == BACKLOG && value < 0) {
            throw new ChannelException("SO_BACKLOG " + value + ": must be 0 or more");
        }
    }

    int encode(Object value) {
        if (flag) {
            return (Boolean) value ? 1 : 0;
        }
        return (Integer) value;
    }

    Object decode(int value) {
        if (flag) {
            return value != 0;
        }
        return value;
    }

    @Override
    public String toString() {
        return nettys.name();
    }
}
