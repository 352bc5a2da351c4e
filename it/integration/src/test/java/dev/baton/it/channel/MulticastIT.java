package dev.baton.it.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.runtime.channel.FdDatagramChannel;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.posix.Sockets;
import dev.baton.testkit.TestLoops;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.DatagramPacket;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Multicast over loopback. What must not arrive is followed by a datagram to the member alone, which comes after it:
 * the queue of a socket keeps their order.
 */
@Timeout(60)
class MulticastIT {
    private static final String HOST = "127.0.0.1";
    private static final InetAddress V4 = address("239.255.42.99");
    /** Of this process alone: the kernel's lists are the machine's. */
    private static final String PROCESS =
            "%04x".formatted(ProcessHandle.current().pid() & 0xffff);

    private static final InetAddress V6 = address("ff01::4299:" + PROCESS);

    private static final Path MEMBERS = Path.of("/proc/net/igmp6");
    private static final String V6_TEXT = "ff01000000000000000000004299" + PROCESS;

    private static InetAddress address(String text) {
        return NetUtil.createInetAddressFromIpAddressString(text);
    }

    static Stream<Arguments> pollersAndGroups() {
        return dev.baton.it.Pollers.all()
                .flatMap(poller -> Stream.of(
                        Arguments.of(poller, Sockets.AF_INET, V4),
                        // A socket of both families that hears an IPv4 group.
                        Arguments.of(poller, Sockets.AF_UNSPEC, V4)));
    }

    private static final class Heard extends ChannelInboundHandlerAdapter {
        final BlockingQueue<String> texts = new LinkedBlockingQueue<>();

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            DatagramPacket packet = (DatagramPacket) message;
            texts.add(packet.content().toString(StandardCharsets.US_ASCII));
            packet.release();
        }

        String next() throws InterruptedException {
            return texts.poll(10, TimeUnit.SECONDS);
        }
    }

    private static NetworkInterface loopback() throws Exception {
        return NetworkInterface.getByInetAddress(InetAddress.getLoopbackAddress());
    }

    private static FdDatagramChannel bind(TestLoops loops, String host, Heard heard) throws Exception {
        return bind(loops, Sockets.AF_UNSPEC, host, heard);
    }

    private static FdDatagramChannel bind(TestLoops loops, int family, String host, Heard heard) throws Exception {
        return (FdDatagramChannel) new Bootstrap()
                .group(loops.loop(0))
                .channelFactory(() -> new FdDatagramChannel(loops.env(), family))
                .option(ChannelOption.IP_MULTICAST_IF, loopback())
                .option(ChannelOption.IP_MULTICAST_TTL, 1)
                .handler(heard)
                .bind(new InetSocketAddress(address(host), 0))
                .sync()
                .channel();
    }

    private static void send(FdDatagramChannel from, String text, InetAddress to, int port) throws Exception {
        from.writeAndFlush(new DatagramPacket(
                        Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII), new InetSocketAddress(to, port)))
                .sync();
    }

    @ParameterizedTest
    @MethodSource("pollersAndGroups")
    void aMemberHearsAGroupUntilItLeaves(PollerProvider poller, int family, InetAddress group) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, 1)) {
            Heard heard = new Heard();
            FdDatagramChannel member = bind(loops, family, "0.0.0.0", heard);
            FdDatagramChannel sender = bind(loops, HOST, new Heard());
            int port = member.localAddress().getPort();
            for (int i = 0; i < 2; i++) {
                member.joinGroup(group).sync();
                send(sender, "to all", group, port);
                assertThat(heard.next()).isEqualTo("to all");
                member.leaveGroup(group).sync();
                send(sender, "to nobody", group, port);
                send(sender, "to you", address(HOST), port);
                assertThat(heard.next()).isEqualTo("to you");
            }
            assertThat(loops.failures()).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource("pollersAndGroups")
    void sourcesAreChosenAndBlocked(PollerProvider poller, int family, InetAddress group) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, 1)) {
            Heard heard = new Heard();
            FdDatagramChannel member = bind(loops, family, "0.0.0.0", heard);
            FdDatagramChannel sender = bind(loops, HOST, new Heard());
            int port = member.localAddress().getPort();
            InetAddress source = address(HOST);
            InetAddress other = address("127.0.0.2");

            member.joinGroup(group, loopback(), other).sync();
            send(sender, "not from you", group, port);
            member.joinGroup(group, loopback(), source).sync();
            send(sender, "from you", group, port);
            assertThat(heard.next()).isEqualTo("from you");
            member.leaveGroup(group, loopback(), source).sync();
            member.leaveGroup(group, loopback(), other).sync();

            member.joinGroup(new InetSocketAddress(group, port), loopback()).sync();
            member.block(group, source).sync();
            send(sender, "blocked", group, port);
            send(sender, "to you", address(HOST), port);
            assertThat(heard.next()).isEqualTo("to you");
        }
    }

    /**
     * An interface for IPv6 groups: the kernel routes none of them to loopback. A group of the scope ff01 is heard by
     * members on this machine and leaves it by no interface (RFC 4291, 2.7).
     */
    private static NetworkInterface forIpv6() throws Exception {
        Optional<NetworkInterface> found = NetworkInterface.networkInterfaces()
                .filter(MulticastIT::doesIpv6Multicast)
                .findFirst();
        assumeTrue(found.isPresent(), "no interface of this machine has IPv6 and multicast");
        return found.orElseThrow();
    }

    private static boolean doesIpv6Multicast(NetworkInterface network) {
        try {
            return network.isUp()
                    && !network.isLoopback()
                    && network.supportsMulticast()
                    && network.inetAddresses().anyMatch(address -> address.isLinkLocalAddress() && isIpv6(address));
        } catch (SocketException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isIpv6(InetAddress address) {
        return address instanceof Inet6Address;
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aMemberHearsAnIpv6GroupOfItsSourcesUntilItLeaves(PollerProvider poller) throws Exception {
        NetworkInterface network = forIpv6();
        InetAddress host = network.inetAddresses()
                .filter(each -> each.isLinkLocalAddress() && isIpv6(each))
                .findFirst()
                .orElseThrow();
        InetAddress other = address("2001:db8::1");
        try (TestLoops loops = TestLoops.start(poller, 1)) {
            Heard heard = new Heard();
            FdDatagramChannel member = bind(loops, "::", heard);
            FdDatagramChannel sender = bind(loops, "::", new Heard());
            sender.config().setNetworkInterface(network);
            TestLoops.on(loops.loop(0), () -> null);
            InetSocketAddress group =
                    new InetSocketAddress(V6, member.localAddress().getPort());
            Unheard unheard = text -> {
                send(sender, text, V6, group.getPort());
                send(sender, "to you", address("::1"), group.getPort());
                assertThat(heard.next()).isEqualTo("to you");
            };

            member.joinGroup(group, network).sync();
            send(sender, "to all", V6, group.getPort());
            assertThat(heard.next()).isEqualTo("to all");
            member.block(V6, network, host).sync();
            unheard.send("blocked");
            member.leaveGroup(group, network).sync();
            unheard.send("to nobody");

            member.joinGroup(V6, network, other).sync();
            unheard.send("not from you");
            member.joinGroup(V6, network, host).sync();
            send(sender, "from you", V6, group.getPort());
            assertThat(heard.next()).isEqualTo("from you");
            member.leaveGroup(V6, network, host).sync();
            unheard.send("not from you any more");
            assertThat(loops.failures()).isEmpty();
        }
    }

    /** Sends what must not arrive, and what comes behind it. */
    @FunctionalInterface
    private interface Unheard {
        void send(String text) throws Exception;
    }

    /** On loopback, where nothing of a group arrives: what the kernel has noted is looked at instead. */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void anIpv6GroupIsJoinedAndLeft(PollerProvider poller) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, 1)) {
            FdDatagramChannel member = bind(loops, "::", new Heard());
            InetAddress source = address("2001:db8::1");
            member.joinGroup(V6).sync();
            assertThat(Files.readString(MEMBERS)).contains(V6_TEXT);
            member.block(V6, source).sync();
            assertThat(filter()).endsWith("0 1"); // sources included, excluded
            member.leaveGroup(V6).sync();
            assertThat(Files.readString(MEMBERS)).doesNotContain(V6_TEXT);
            member.joinGroup(V6, loopback(), source).sync();
            assertThat(filter()).endsWith("1 0");
            member.leaveGroup(V6, loopback(), source).sync();
            assertThat(Files.readString(MEMBERS)).doesNotContain(V6_TEXT);
            member.joinGroup(V6).sync();
            member.close().sync();
            assertThat(Files.readString(MEMBERS)).as("gone with the socket").doesNotContain(V6_TEXT);
        }
    }

    private static String filter() throws IOException {
        return Files.readAllLines(Path.of("/proc/net/mcfilter6")).stream()
                .filter(line -> line.contains(V6_TEXT))
                .findFirst()
                .orElse("")
                .replaceAll("\\s+", " ")
                .strip();
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void optionsReachTheKernelBeforeAndAfterTheSocket(PollerProvider poller) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, 1)) {
            FdDatagramChannel channel = bind(loops, "::", new Heard());
            int number = channel.fd().number();
            assertThat(loops.posix().intOption(number, 0, 33))
                    .as("IP_MULTICAST_TTL")
                    .isEqualTo(1);
            assertThat(loops.posix().intOption(number, 41, 17))
                    .as("IPV6_MULTICAST_IF")
                    .isEqualTo(loopback().getIndex());
            channel.config().setTimeToLive(7).setLoopbackModeDisabled(true);
            TestLoops.on(loops.loop(0), () -> null);
            assertThat(loops.posix().intOption(number, 0, 33)).isEqualTo(7);
            assertThat(loops.posix().intOption(number, 41, 18))
                    .as("IPV6_MULTICAST_HOPS")
                    .isEqualTo(7);
            assertThat(loops.posix().intOption(number, 0, 34))
                    .as("IP_MULTICAST_LOOP")
                    .isZero();
            assertThat(loops.posix().intOption(number, 41, 19))
                    .as("IPV6_MULTICAST_LOOP")
                    .isZero();
            assertThat(channel.config().getOption(ChannelOption.IP_MULTICAST_TTL))
                    .isEqualTo(7);
            assertThat(channel.config().getOption(ChannelOption.IP_MULTICAST_LOOP_DISABLED))
                    .isTrue();
            assertThat(channel.config().getOption(ChannelOption.IP_MULTICAST_IF))
                    .isEqualTo(loopback());
            assertThat(catchThrowable(() -> channel.config().setTimeToLive(256)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("0 to 255");
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void whatCannotBeIsSaid(PollerProvider poller) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, 1)) {
            FdDatagramChannel channel = bind(loops, Sockets.AF_INET, "0.0.0.0", new Heard());
            assertThat(catchThrowable(
                            () -> channel.joinGroup(address("127.0.0.1")).sync()))
                    .hasMessageContaining("127.0.0.1: it is none");
            assertThat(catchThrowable(() -> channel.leaveGroup(V4).sync()))
                    .hasMessageContaining("cannot leave multicast group 239.255.42.99 on lo: EADDRNOTAVAIL")
                    .hasMessageContaining("it has not been joined");
            channel.joinGroup(V4).sync();
            assertThat(catchThrowable(() -> channel.joinGroup(V4).sync()))
                    .hasMessageContaining("EADDRINUSE (it has been joined already)");
            assertThat(catchThrowable(() -> channel.joinGroup(V6).sync())).hasMessageContaining("is an IPv4 one");
            FdDatagramChannel anywhere = (FdDatagramChannel) new Bootstrap()
                    .group(loops.loop(0))
                    .channelFactory(() -> new FdDatagramChannel(loops.env()))
                    .handler(new Heard())
                    .bind(new InetSocketAddress(address("0.0.0.0"), 0))
                    .sync()
                    .channel();
            assertThat(catchThrowable(() -> anywhere.joinGroup(V4).sync()))
                    .hasMessageContaining("no network interface is known");
            assertThat(channel.isActive()).as("nothing of it ends the channel").isTrue();
            channel.close().sync();
            assertThat(catchThrowable(() -> channel.joinGroup(V4).sync()))
                    .isInstanceOf(java.nio.channels.ClosedChannelException.class);
        }
    }
}
