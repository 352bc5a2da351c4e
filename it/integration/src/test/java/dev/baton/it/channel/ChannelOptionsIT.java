package dev.baton.it.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.it.Pollers;
import dev.baton.runtime.channel.FdDatagramChannel;
import dev.baton.runtime.channel.FdServerChannel;
import dev.baton.runtime.channel.FdTcpServerChannel;
import dev.baton.runtime.channel.FdUnixServerChannel;
import dev.baton.runtime.channel.ListenerChannel;
import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.runtime.channel.PinnedSocketChannel;
import dev.baton.runtime.channel.PinnedUnixChannel;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.posix.SocketOptions;
import dev.baton.spi.posix.Sockets;
import dev.baton.testkit.TestLoops;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.socket.SocketChannelConfig;
import io.netty.channel.unix.UnixChannelOption;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each kind of channel has its options and no others, and the kernel has them before and after there is a socket. */
@Timeout(60)
class ChannelOptionsIT {
    private static final InetSocketAddress ANYWHERE = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    private static final int NOT_THE_KERNELS = -1;

    /** A value other than the one that a channel begins with, and what getsockopt(2) then says. */
    private record Option<T>(ChannelOption<T> nettys, T value, int level, int name, int kernels) {
        boolean isKernels() {
            return level != NOT_THE_KERNELS;
        }
    }

    private static final Option<Boolean> NO_DELAY =
            new Option<>(ChannelOption.TCP_NODELAY, false, Sockets.IPPROTO_TCP, SocketOptions.TCP_NODELAY, 0);
    private static final Option<Boolean> KEEP_ALIVE =
            new Option<>(ChannelOption.SO_KEEPALIVE, true, SocketOptions.SOL_SOCKET, SocketOptions.SO_KEEPALIVE, 1);
    private static final Option<Boolean> REUSE_ADDRESS =
            new Option<>(ChannelOption.SO_REUSEADDR, true, SocketOptions.SOL_SOCKET, SocketOptions.SO_REUSEADDR, 1);
    private static final Option<Boolean> NO_REUSE_ADDRESS =
            new Option<>(ChannelOption.SO_REUSEADDR, false, SocketOptions.SOL_SOCKET, SocketOptions.SO_REUSEADDR, 0);
    private static final Option<Boolean> REUSE_PORT =
            new Option<>(UnixChannelOption.SO_REUSEPORT, true, SocketOptions.SOL_SOCKET, SocketOptions.SO_REUSEPORT, 1);
    private static final Option<Boolean> BROADCAST =
            new Option<>(ChannelOption.SO_BROADCAST, true, SocketOptions.SOL_SOCKET, SocketOptions.SO_BROADCAST, 1);
    private static final Option<Integer> SEND_BUFFER =
            new Option<>(ChannelOption.SO_SNDBUF, 50_000, SocketOptions.SOL_SOCKET, SocketOptions.SO_SNDBUF, 100_000);
    private static final Option<Integer> RECEIVE_BUFFER =
            new Option<>(ChannelOption.SO_RCVBUF, 50_000, SocketOptions.SOL_SOCKET, SocketOptions.SO_RCVBUF, 100_000);
    private static final Option<Integer> TRAFFIC_CLASS =
            new Option<>(ChannelOption.IP_TOS, 0x10, Sockets.IPPROTO_IP, SocketOptions.IP_TOS, 0x10);
    private static final Option<Integer> USER_TIMEOUT = new Option<>(
            FdServerChannel.TCP_USER_TIMEOUT, 1500, Sockets.IPPROTO_TCP, SocketOptions.TCP_USER_TIMEOUT, 1500);
    private static final Option<Integer> UNIX_USER_TIMEOUT =
            new Option<>(FdServerChannel.TCP_USER_TIMEOUT, 1500, NOT_THE_KERNELS, 0, 0);
    /** A struct for the kernel; LingerIT shows what it does. */
    private static final Option<Integer> LINGER = new Option<>(ChannelOption.SO_LINGER, 3, NOT_THE_KERNELS, 0, 0);

    private static final Option<Integer> BACKLOG = new Option<>(ChannelOption.SO_BACKLOG, 7, NOT_THE_KERNELS, 0, 0);
    private static final Option<Boolean> HALF_CLOSURE =
            new Option<>(ChannelOption.ALLOW_HALF_CLOSURE, true, NOT_THE_KERNELS, 0, 0);
    private static final Option<Boolean> READ_TO_END =
            new Option<>(MovableChannel.READ_TO_END, false, NOT_THE_KERNELS, 0, 0);

    @SuppressWarnings("deprecation")
    private static final Option<Boolean> ACTIVE_ON_REGISTRATION =
            new Option<>(ChannelOption.DATAGRAM_CHANNEL_ACTIVE_ON_REGISTRATION, true, NOT_THE_KERNELS, 0, 0);

    private static final List<Option<?>> UNIX =
            List.of(KEEP_ALIVE, REUSE_ADDRESS, SEND_BUFFER, RECEIVE_BUFFER, LINGER, HALF_CLOSURE, READ_TO_END);
    private static final List<Option<?>> TCP =
            Stream.concat(UNIX.stream(), Stream.of(NO_DELAY, TRAFFIC_CLASS)).collect(Collectors.toList());

    /** Values are objects; tested in MulticastIT. */
    private static final Set<ChannelOption<?>> MULTICAST = Set.of(
            ChannelOption.IP_MULTICAST_ADDR,
            ChannelOption.IP_MULTICAST_IF,
            ChannelOption.IP_MULTICAST_LOOP_DISABLED,
            ChannelOption.IP_MULTICAST_TTL);

    /** A kind of channel, and the options that it has. */
    private record Kind(String name, List<Option<?>> options, Function<TestLoops, Channel> make) {
        boolean isUnix() {
            return name.contains("unix");
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static final Kind SERVER = new Kind(
            "tcp server",
            List.of(NO_REUSE_ADDRESS, REUSE_PORT, RECEIVE_BUFFER, USER_TIMEOUT, BACKLOG),
            loops -> new FdTcpServerChannel(loops.env()));

    static List<Kind> kinds() {
        return List.of(
                new Kind("pinned tcp", TCP, loops -> new PinnedSocketChannel(loops.env())),
                new Kind("movable tcp", TCP, loops -> new MovableSocketChannel(loops.env(), "test")),
                new Kind("pinned unix", UNIX, loops -> new PinnedUnixChannel(loops.env())),
                SERVER,
                new Kind(
                        "unix server",
                        List.of(REUSE_ADDRESS, RECEIVE_BUFFER, UNIX_USER_TIMEOUT, BACKLOG),
                        loops -> new FdUnixServerChannel(loops.env())),
                new Kind(
                        "datagram",
                        List.of(
                                REUSE_ADDRESS,
                                REUSE_PORT,
                                BROADCAST,
                                SEND_BUFFER,
                                RECEIVE_BUFFER,
                                TRAFFIC_CLASS,
                                ACTIVE_ON_REGISTRATION),
                        loops -> new FdDatagramChannel(loops.env())));
    }

    @TempDir
    Path folder;

    private static Set<ChannelOption<?>> names(Kind kind) {
        return kind.options.stream().map(Option::nettys).collect(Collectors.toSet());
    }

    private static Set<ChannelOption<?>> everyChannels() {
        return new DefaultChannelConfig(new EmbeddedChannel()).getOptions().keySet();
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void shouldHaveTheOptionsOfItsKindAndRefuseTheOthers(Kind kind) throws Exception {
        try (TestLoops loops = TestLoops.start(Pollers.chosen(), 1)) {
            Channel fresh = kind.make.apply(loops);
            Set<ChannelOption<?>> own =
                    new HashSet<>(fresh.config().getOptions().keySet());
            own.removeAll(everyChannels());
            own.removeAll(MULTICAST);
            assertThat(own).as("each is tested here").isEqualTo(names(kind));
            for (Kind other : kinds()) {
                for (Option<?> option : other.options) {
                    if (!own.contains(option.nettys)) {
                        assertThat(set(fresh, option)).as("%s", option).isFalse();
                        assertThat(fresh.config().getOption(option.nettys))
                                .as("%s", option)
                                .isNull();
                    }
                }
            }
            fresh.unsafe().closeForcibly();
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void shouldGiveTheKernelWhatWasSetBeforeThereWasASocket(Kind kind) throws Exception {
        try (TestLoops loops = TestLoops.start(Pollers.chosen(), 1);
                ServerSocketChannel peer = peer(kind)) {
            Channel channel = open(
                    kind,
                    loops,
                    peer,
                    fresh -> kind.options.forEach(option -> {
                        assertThat(fresh.config().getOption(option.nettys))
                                .as("%s at first", option)
                                .isNotEqualTo(option.value);
                        assertThat(set(fresh, option)).as("%s", option).isTrue();
                        assertThat(fresh.config().getOption(option.nettys))
                                .as("%s", option)
                                .isEqualTo(option.value);
                    }));
            for (Option<?> option : kind.options) {
                check(loops, channel, option);
            }
            assertThat(channel.config().getOptions())
                    .containsAllEntriesOf(
                            kind.options.stream().collect(Collectors.toMap(Option::nettys, Option::value)));
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void shouldGiveTheKernelWhatIsSetWhileThereIsASocket(Kind kind) throws Exception {
        try (TestLoops loops = TestLoops.start(Pollers.chosen(), 1);
                ServerSocketChannel peer = peer(kind)) {
            Channel channel = open(kind, loops, peer, fresh -> {});
            for (Option<?> option : kind.options) {
                if (option.equals(ACTIVE_ON_REGISTRATION)) {
                    assertThatThrownBy(() -> set(channel, option))
                            .hasMessageContaining("before the channel is registered");
                    continue;
                }
                channel.eventLoop().submit(() -> set(channel, option)).sync();
                check(loops, channel, option);
            }
        }
    }

    @Test
    void shouldRefuseASetterOfAnotherKind() throws Exception {
        try (TestLoops loops = TestLoops.start(Pollers.chosen(), 1)) {
            Channel unix = new PinnedUnixChannel(loops.env());
            SocketChannelConfig config = (SocketChannelConfig) unix.config();
            assertThat(config.setTcpNoDelay(true).isTcpNoDelay())
                    .as("a unix socket never waits")
                    .isTrue();
            assertThatThrownBy(() -> config.setTcpNoDelay(false))
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessageContaining("TCP_NODELAY");
            unix.unsafe().closeForcibly();
        }
    }

    @Test
    void shouldBeReadOnlyForAListenerOfBatons() {
        Channel listener = ListenerChannel.of(ANYWHERE, () -> true);
        for (Option<?> option : SERVER.options) {
            assertThatThrownBy(() -> set(listener, option)).isInstanceOf(UnsupportedOperationException.class);
            assertThat(listener.config().getOption(option.nettys)).isNotNull();
        }
    }

    private static <T> boolean set(Channel channel, Option<T> option) {
        return channel.config().setOption(option.nettys, option.value);
    }

    private static Fd fd(Channel channel) {
        Fd fd = null;
        if (channel instanceof MovableChannel movable) {
            fd = movable.fd();
        } else if (channel instanceof PinnedSocketChannel pinned) {
            fd = pinned.fd();
        } else if (channel instanceof PinnedUnixChannel pinned) {
            fd = pinned.fd();
        } else if (channel instanceof FdServerChannel server) {
            fd = server.fd();
        } else if (channel instanceof FdDatagramChannel datagrams) {
            fd = datagrams.fd();
        }
        return Objects.requireNonNull(fd);
    }

    private static void check(TestLoops loops, Channel channel, Option<?> option) {
        assertThat(channel.config().getOption(option.nettys)).as("%s", option).isEqualTo(option.value);
        if (option.isKernels()) {
            assertThat(loops.posix().intOption(fd(channel).number(), option.level, option.name))
                    .as("%s in the kernel", option)
                    .isEqualTo(option.kernels);
        }
    }

    /** What a stream channel of this kind can connect to. */
    private ServerSocketChannel peer(Kind kind) throws Exception {
        if (kind.isUnix()) {
            return ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                    .bind(UnixDomainSocketAddress.of(folder.resolve("peer")));
        }
        return ServerSocketChannel.open().bind(ANYWHERE);
    }

    private Channel open(Kind kind, TestLoops loops, ServerSocketChannel peer, Consumer<Channel> before)
            throws Exception {
        Channel channel = kind.make.apply(loops);
        before.accept(channel);
        channel.pipeline().addLast(new ChannelInboundHandlerAdapter());
        loops.loop(0).register(channel).sync();
        if (channel instanceof DuplexChannel) {
            channel.connect(peer.getLocalAddress()).sync();
        } else if (kind.isUnix()) {
            channel.bind(UnixDomainSocketAddress.of(folder.resolve("own"))).sync();
        } else {
            channel.bind(ANYWHERE).sync();
        }
        return channel;
    }
}
