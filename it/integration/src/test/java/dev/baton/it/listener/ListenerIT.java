package dev.baton.it.listener;

import static dev.baton.it.listener.ListenerRig.connect;
import static dev.baton.it.listener.ListenerRig.echo;
import static dev.baton.it.listener.ListenerRig.join;
import static dev.baton.it.listener.ListenerRig.port;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.it.Pollers;
import dev.baton.it.listener.ListenerRig.Echo;
import dev.baton.plugin.unbind.AtOnceStrategy;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.listener.ListenerResult.Outcome;
import dev.baton.spi.listener.ListenerState;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.SocketOptions;
import dev.baton.spi.posix.Sockets;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A listener on real sockets and two loops: what makes it stop accepting and begin again (R38, R41), what fails on the
 * way to its socket (R10), and which addresses it serves.
 */
@Timeout(60)
class ListenerIT {
    private static final int LOOPS = 2;
    /** Turns of a loop that has nothing to do but to be told and to pass time: far below what one that spins makes. */
    private static final int QUIET_TURNS_MAX = 50;

    private static ConditionFactory soon() {
        return await().pollInterval(Duration.ofMillis(2)).atMost(Duration.ofSeconds(20));
    }

    private static long turns(ListenerRig rig) {
        return rig.loops.loop(0).turns() + rig.loops.loop(1).turns();
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void suspendedItAcceptsNobodyAndResumedItServesWhoWaited(PollerProvider poller) throws Exception {
        try (ListenerRig rig = new ListenerRig(poller, LOOPS)) {
            SharedListener listener = rig.start(10, new AtOnceStrategy(), new Echo());
            try (Socket before = connect(listener)) {
                assertThat(echo(before, 1)).isEqualTo(1);
                assertThat(join(listener.suspend()).outcome()).isEqualTo(Outcome.PAUSED);
                assertThat(join(listener.suspend()).outcome()).isEqualTo(Outcome.UNCHANGED);
                rig.quiet();
                long turns = turns(rig);
                int accepts = rig.faults.calls("accept");
                try (Socket waits = connect(listener)) {
                    waits.getOutputStream().write(2);
                    assertThat(echo(before, 3)).as("what was accepted goes on").isEqualTo(3);
                    rig.quiet();
                    assertThat(rig.faults.calls("accept"))
                            .as("looked for connections")
                            .isEqualTo(accepts);
                    assertThat(listener.accepted()).isEqualTo(1);
                    assertThat(turns(rig) - turns)
                            .as("turns while it is suspended")
                            .isLessThan(QUIET_TURNS_MAX);

                    assertThat(join(listener.resume()).outcome()).isEqualTo(Outcome.RESUMED);

                    assertThat(waits.getInputStream().read()).isEqualTo(2);
                }
                assertThat(join(listener.resume()).outcome()).isEqualTo(Outcome.UNCHANGED);
            }
            soon().until(() -> listener.connections() == 0);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void whatIsAcceptedDoesNotHoldSmallSegmentsBack(PollerProvider poller) throws Exception {
        try (ListenerRig rig = new ListenerRig(poller, LOOPS)) {
            CompletableFuture<MovableChannel> accepted = new CompletableFuture<>();
            SharedListener listener =
                    rig.start(10, new AtOnceStrategy(), (connection, name) -> accepted.complete(connection));
            try (Socket client = connect(listener)) {
                MovableChannel connection = accepted.get(20, TimeUnit.SECONDS);
                Fd fd = Objects.requireNonNull(connection.fd());
                assertThat(client.isConnected()).isTrue();
                assertThat(connection.config().isTcpNoDelay()).isTrue();
                assertThat(rig.faults.posix().intOption(fd.number(), Sockets.IPPROTO_TCP, SocketOptions.TCP_NODELAY))
                        .as("what the kernel says")
                        .isNotZero();
            }
            soon().until(() -> listener.connections() == 0);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void fullItLetsTheRestWaitAndServesOneForEachThatEnds(PollerProvider poller) throws Exception {
        int max = 2;
        int clients = 8;
        try (ListenerRig rig = new ListenerRig(poller, LOOPS)) {
            SharedListener listener = rig.start(max, new AtOnceStrategy(), new Echo());
            List<Socket> sockets = new ArrayList<>();
            for (int i = 0; i < clients; i++) {
                Socket socket = connect(listener);
                socket.getOutputStream().write(i);
                sockets.add(socket);
            }
            for (int i = 0; i < clients; i++) {
                // The kernel hands them out in the order in which they came.
                assertThat(sockets.get(i).getInputStream().read()).isEqualTo(i);
                assertThat(listener.connections()).isBetween(1, max);
                if (i + 1 >= max && i + 1 < clients) {
                    int accepted = i + 1;
                    soon().until(() -> listener.state() == ListenerState.FULL);
                    rig.quiet();
                    assertThat(listener.accepted()).isEqualTo(accepted);
                    long turns = turns(rig);
                    rig.quiet();
                    assertThat(turns(rig) - turns).as("turns while it is full").isLessThan(QUIET_TURNS_MAX);
                    sockets.get(i + 1 - max).close();
                }
            }
            for (Socket socket : sockets) {
                socket.close();
            }
            soon().until(() -> listener.connections() == 0 && listener.state() == ListenerState.READY);
            assertThat(listener.accepted()).isEqualTo(clients);
        }
    }

    static Stream<Arguments> shortages() {
        return Pollers.all()
                .flatMap(poller -> Stream.of(
                        Arguments.of(poller, Errno.EMFILE),
                        Arguments.of(poller, Errno.ENFILE),
                        Arguments.of(poller, Errno.ENOBUFS),
                        Arguments.of(poller, Errno.EBADF)));
    }

    /** The connection stays in the backlog, so that a loop which tried again at once would spin. */
    @ParameterizedTest
    @MethodSource("shortages")
    void anAcceptThatFailsPausesItAndItComesBack(PollerProvider poller, int errno) throws Exception {
        int failures = 3;
        try (ListenerRig rig = new ListenerRig(poller, LOOPS)) {
            SharedListener listener = rig.start(10, new AtOnceStrategy(), new Echo());
            rig.quiet();
            int before = rig.faults.calls("accept");
            rig.faults.plant("accept", 0, number(rig), -errno, failures);
            try (Socket client = connect(listener)) {
                client.getOutputStream().write(7);
                assertThat(client.getInputStream().read()).isEqualTo(7);
                rig.quiet();
                // Each failure, then the connection; around each of these every loop may look in vain once or twice.
                assertThat(rig.faults.calls("accept") - before).isBetween(failures + 1, (failures + 1) * 2 * LOOPS);
            }
            soon().until(() -> listener.connections() == 0 && listener.state() == ListenerState.READY);
            assertThat(pauses(rig)).isBetween(1L, (long) failures);
        }
    }

    private static long pauses(ListenerRig rig) {
        return rig.metrics
                .counter("baton_listener_limited_total", "", "listener", "web")
                .count();
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void whatBelongsToTheConnectionOnlyCostsTheConnection(PollerProvider poller) throws Exception {
        try (ListenerRig rig = new ListenerRig(poller, LOOPS)) {
            SharedListener listener = rig.start(10, new AtOnceStrategy(), new Echo());
            for (int errno : new int[] {Errno.ECONNABORTED, Errno.EINTR, Errno.ENETDOWN, Errno.ETIMEDOUT}) {
                rig.faults.plant("accept", 0, number(rig), -errno, 1);
                try (Socket client = connect(listener)) {
                    assertThat(echo(client, 9)).isEqualTo(9);
                }
            }
            assertThat(pauses(rig)).isZero();
            soon().until(() -> listener.connections() == 0);
        }
    }

    private static int number(ListenerRig rig) {
        List<Integer> found = new ArrayList<>();
        rig.loops.table().forEach(fd -> {
            if (fd.kind() == FdKind.LISTENER) {
                found.add(fd.fd().number());
            }
        });
        assertThat(found).hasSize(1);
        return found.get(0);
    }

    static Stream<Arguments> failuresToOpen() {
        return Stream.of(
                Arguments.of("socket", -Errno.EMFILE, "EMFILE", 0),
                Arguments.of("socket", -Errno.EAFNOSUPPORT, "EAFNOSUPPORT", 0),
                Arguments.of("intOption", -Errno.ENOBUFS, "ENOBUFS", 1),
                Arguments.of("setIntOption", -Errno.ENOBUFS, "ENOBUFS", 1),
                Arguments.of("bind", -Errno.EADDRINUSE, "EADDRINUSE", 1),
                Arguments.of("bind", -Errno.EACCES, "EACCES", 1),
                Arguments.of("listen", -Errno.EADDRINUSE, "EADDRINUSE", 1));
    }

    @ParameterizedTest(name = "{0} {2}")
    @MethodSource("failuresToOpen")
    void whatFailsOnTheWayToTheSocketLeaksNothingAndCanBeTriedAgain(String call, int result, String name, int closes)
            throws Exception {
        try (ListenerRig rig = new ListenerRig(Pollers.chosen(), LOOPS)) {
            long openBefore = rig.loops.counters().openFds();
            SharedListener listener = rig.listener(ListenerRig.HOST + ":0", 10, new AtOnceStrategy(), new Echo());
            rig.faults.plant(call, result);
            rig.faults.forgetCloses();

            assertThatThrownBy(listener::open)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(name)
                    .hasMessageContaining(ListenerRig.HOST);

            assertThat(rig.faults.closes()).isEqualTo(closes);
            assertThat(rig.loops.counters().openFds()).isEqualTo(openBefore);
            assertThat(rig.loops.counters().orphans()).isZero();
            assertThat(listener.state()).isEqualTo(ListenerState.NEW);

            rig.faults.heal();
            listener.open();
            listener.start();
            try (Socket client = connect(listener)) {
                assertThat(echo(client, 1)).isEqualTo(1);
            }
            join(listener.unbind(Duration.ZERO));
        }
    }

    @Test
    void anAddressThatIsTakenIsRefusedAndGivenBackToNobody() throws Exception {
        try (ListenerRig rig = new ListenerRig(Pollers.chosen(), LOOPS);
                ServerSocket other = new ServerSocket(0, 5, InetAddress.getByName(ListenerRig.HOST))) {
            String address = ListenerRig.HOST + ":" + other.getLocalPort();
            SharedListener listener = rig.listener(address, 10, new AtOnceStrategy(), new Echo());
            assertThatThrownBy(listener::open).hasMessageContaining(address).hasMessageContaining("EADDRINUSE");

            assertThat(join(listener.unbind(Duration.ZERO)).outcome()).isEqualTo(Outcome.UNBOUND);
            assertThatThrownBy(listener::open).isInstanceOf(IllegalStateException.class);
            try (Socket client = connect(ListenerRig.HOST, other.getLocalPort());
                    Socket accepted = other.accept()) {
                accepted.getOutputStream().write(4);
                assertThat(client.getInputStream().read()).isEqualTo(4);
            }
        }
    }

    // ---- addresses ------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void portZeroIsAPortOfTheKernelsChoice(PollerProvider poller) throws Exception {
        try (ListenerRig rig = new ListenerRig(poller, LOOPS)) {
            SharedListener one = rig.start(10, new AtOnceStrategy(), new Echo());
            SharedListener two = rig.start(10, new AtOnceStrategy(), new Echo());
            assertThat(port(one)).isPositive().isNotEqualTo(port(two));
            assertThat(one.address()).isEqualTo(ListenerRig.HOST + ":" + port(one));
            for (SharedListener each : List.of(one, two)) {
                try (Socket client = connect(each)) {
                    assertThat(echo(client, 1)).isEqualTo(1);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void everyAddressMeansBothFamilies(PollerProvider poller) throws Exception {
        assumeTrue(ipv6());
        try (ListenerRig rig = new ListenerRig(poller, LOOPS)) {
            SharedListener listener = open(rig, "*:0");
            assertThat(listener.address()).isEqualTo("*:" + port(listener));
            for (String host : List.of("127.0.0.1", "::1", ListenerRig.HOST)) {
                try (Socket client = connect(host, port(listener))) {
                    assertThat(echo(client, 1)).as(host).isEqualTo(1);
                }
            }
            assertThat(join(listener.unbind(Duration.ZERO)).outcome()).isEqualTo(Outcome.UNBOUND);
            SharedListener kept = openWhereNobodyConnectsFrom(rig);
            String address = kept.address();
            assertThat(join(kept.unbind(Duration.ZERO)).outcome()).isEqualTo(Outcome.UNBOUND);
            SharedListener again = open(rig, address);
            assertThat(again.address()).isEqualTo(address);
        }
    }

    /**
     * On a port below those that the kernel gives to connections: between an unbind and the next bind any connection of
     * this machine may get one of those, and every address is in the way of the wildcard.
     */
    private static SharedListener openWhereNobodyConnectsFrom(ListenerRig rig) throws IOException {
        int first;
        // By a reader, which asks for more at once than there is: this file has nothing to say to a second read.
        try (BufferedReader range = Files.newBufferedReader(Path.of("/proc/sys/net/ipv4/ip_local_port_range"))) {
            first = Integer.parseInt(range.readLine().replaceAll("\\s.*", ""));
        }
        int port = first - 1 - (int) (ProcessHandle.current().pid() % 1_000);
        while (true) {
            try {
                return open(rig, "*:" + port);
            } catch (IOException taken) {
                assertThat(--port).as("a free port below " + first).isGreaterThan(1_024);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void anIpv6AddressServesIpv6Only(PollerProvider poller) throws Exception {
        assumeTrue(ipv6());
        for (String host : List.of("[::1]", "[::]")) {
            // The port is kept for IPv4, bound and deaf: one that is free for IPv6 may be somebody else's there.
            try (ListenerRig rig = new ListenerRig(poller, LOOPS);
                    Socket kept = new Socket()) {
                kept.setReuseAddress(true);
                kept.bind(new InetSocketAddress(ListenerRig.HOST, 0));
                String bind = host + ":" + kept.getLocalPort();
                SharedListener listener = open(rig, bind);
                assertThat(listener.address()).isEqualTo(bind);
                try (Socket client = connect("::1", port(listener))) {
                    assertThat(echo(client, 6)).isEqualTo(6);
                }
                assertThatThrownBy(() -> connect(ListenerRig.HOST, port(listener)))
                        .isInstanceOf(ConnectException.class);
                SharedListener beside = open(rig, ListenerRig.HOST + ":" + port(listener));
                try (Socket client = connect(beside)) {
                    assertThat(echo(client, 4)).isEqualTo(4);
                }
                join(beside.unbind(Duration.ZERO));
            }
        }
    }

    private static SharedListener open(ListenerRig rig, String bind) throws IOException {
        SharedListener listener = rig.listener(bind, 10, new AtOnceStrategy(), new Echo());
        listener.open();
        listener.start();
        return listener;
    }

    private static boolean ipv6() {
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getAllByName("::1")[0])) {
            return probe.isBound();
        } catch (IOException none) {
            return false;
        }
    }

    /** Its poller is gone, the listener's fd is not: the other loops accept everything. */
    @Test
    void aLoopThatHasEndedIsNotAskedToAccept() throws Exception {
        try (ListenerRig rig = new ListenerRig(Pollers.chosen(), LOOPS)) {
            SharedListener listener = rig.start(10, new AtOnceStrategy(), new Echo());
            rig.loops.loop(0).shutdownGracefully(0, 20, TimeUnit.SECONDS).sync();
            for (int i = 0; i < 20; i++) {
                try (Socket client = connect(listener)) {
                    assertThat(echo(client, i)).isEqualTo(i);
                }
            }
            join(listener.suspend());
            join(listener.resume());
            try (Socket client = connect(listener)) {
                assertThat(echo(client, 1)).isEqualTo(1);
            }
            assertThat(join(listener.unbind(Duration.ZERO)).outcome()).isEqualTo(Outcome.UNBOUND);
        }
    }
}
