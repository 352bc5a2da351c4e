package dev.baton.it.listener;

import static dev.baton.it.listener.ListenerRig.HOST;
import static dev.baton.it.listener.ListenerRig.connect;
import static dev.baton.it.listener.ListenerRig.join;
import static dev.baton.it.listener.ListenerRig.started;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.it.Pollers;
import dev.baton.plugin.tcplistener.TcpListenerKind;
import dev.baton.plugin.unbind.AtOnceStrategy;
import dev.baton.plugin.unbind.DrainBacklogStrategy;
import dev.baton.plugin.unixlistener.UnixListenerKind;
import dev.baton.runtime.listener.ListenerSpec.Limits;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.listener.BoundSocket;
import dev.baton.spi.listener.ListenerEndpoint;
import dev.baton.spi.listener.ListenerKind;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.ListenerResult.Outcome;
import dev.baton.spi.listener.SocketOrigin;
import dev.baton.spi.listener.SocketSettings;
import dev.baton.spi.listener.UnbindStrategy;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.SocketCalls;
import dev.baton.spi.posix.SocketOptions;
import dev.baton.spi.posix.Sockets;
import dev.baton.testkit.OpenFds;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * R43, suspending means different things for tcp, unix, abstract, inherited sockets and those that another process
 * shares: the matrix, with an explicit result for each; J4, the address can be bound again when the unbind is done.
 * What only sockets with a file have is {@link UnixSocketFileIT}'s.
 */
@Timeout(120)
class ListenerKindIT {
    private static final int LOOPS = 2;
    private static final int WAITING = 20;
    private static final Limits LIMITS = new Limits(1_000, 10_000);

    @TempDir
    Path folder;

    /** The JDK keeps a socket of its own from the first time that it closes one. */
    @BeforeAll
    static void closeOne() throws IOException {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getByName(HOST));
                Socket client = connect(HOST, server.getLocalPort())) {
            assertThat(client.isConnected()).isTrue();
        }
    }

    /** One column of the matrix: how a listener is made, and how a client reaches it. */
    enum Column {
        TCP,
        TCP_PER_LOOP,
        UNIX,
        ABSTRACT,
        INHERITED,
        SHARED;

        boolean isUnix() {
            return this == UNIX || this == ABSTRACT;
        }

        boolean isHeld() {
            return this == INHERITED || this == SHARED;
        }
    }

    static Stream<Arguments> matrix() {
        return Pollers.all().flatMap(poller -> Stream.of(Column.values()).map(column -> Arguments.of(poller, column)));
    }

    /** A kind whose socket came bound and listening. */
    private record HeldKind(int number, SocketOrigin origin) implements ListenerKind, ListenerEndpoint {
        @Override
        public String name() {
            return "held";
        }

        @Override
        public boolean claims(String bind) {
            return true;
        }

        @Override
        public ListenerEndpoint parse(String bind) {
            return this;
        }

        @Override
        public int socket(SocketCalls calls) {
            return number;
        }

        @Override
        public BoundSocket bind(int fd, SocketSettings settings, SocketCalls calls) {
            throw new AssertionError("bound already");
        }

        @Override
        public BoundSocket adopt(int fd, SocketSettings settings, SocketCalls calls) throws IOException {
            String address = new TcpListenerKind()
                    .parse(HOST + ":0")
                    .adopt(fd, settings, calls)
                    .address();
            return new BoundSocket() {
                @Override
                public String address() {
                    return address;
                }

                @Override
                public boolean refuse() {
                    throw new AssertionError("others go on with it");
                }
            };
        }
    }

    private static int listening(Posix posix) throws IOException {
        int number = posix.socket(Sockets.AF_INET, Sockets.SOCK_STREAM, 0);
        assertThat(posix.bind(number, new InetSocketAddress(InetAddress.getByName(HOST), 0)))
                .isZero();
        assertThat(posix.listen(number, 100)).isZero();
        return number;
    }

    private SharedListener make(ListenerRig rig, Column column, int held, UnbindStrategy unbind) {
        SocketSettings perLoop = new SocketSettings(true, OptionalInt.empty(), Optional.empty(), Optional.empty());
        return switch (column) {
            case TCP -> rig.listener(new TcpListenerKind(), HOST + ":0", SocketSettings.DEFAULT, LIMITS, false, unbind);
            case TCP_PER_LOOP -> rig.listener(new TcpListenerKind(), HOST + ":0", perLoop, LIMITS, false, unbind);
            case UNIX ->
                rig.listener(
                        new UnixListenerKind(),
                        "unix:" + folder.resolve("web.sock"),
                        SocketSettings.DEFAULT,
                        LIMITS,
                        false,
                        unbind);
            case ABSTRACT ->
                rig.listener(
                        new UnixListenerKind(),
                        "unix:@baton-it-" + ProcessHandle.current().pid(),
                        SocketSettings.DEFAULT,
                        LIMITS,
                        false,
                        unbind);
            case INHERITED, SHARED ->
                rig.listener(
                        new HeldKind(held, column == Column.SHARED ? SocketOrigin.SHARED : SocketOrigin.INHERITED),
                        "held",
                        SocketSettings.DEFAULT,
                        LIMITS,
                        false,
                        unbind);
        };
    }

    /** A client of either family. */
    private interface Peer extends AutoCloseable {
        void send(int octet) throws IOException;

        int read() throws IOException;

        @Override
        void close() throws IOException;
    }

    private static Peer peer(ListenerRig rig, SharedListener listener) throws IOException {
        if (listener.address().startsWith("unix:")) {
            UnixClient client = UnixClient.connect(rig.loops.posix(), listener.address());
            return new Peer() {
                @Override
                public void send(int octet) throws IOException {
                    client.send(octet);
                }

                @Override
                public int read() throws IOException {
                    return client.read();
                }

                @Override
                public void close() {
                    client.close();
                }
            };
        }
        Socket client = connect(listener);
        return new Peer() {
            @Override
            public void send(int octet) throws IOException {
                client.getOutputStream().write(octet);
            }

            @Override
            public int read() throws IOException {
                try {
                    return client.getInputStream().read();
                } catch (java.net.SocketException reset) {
                    return -1;
                }
            }

            @Override
            public void close() throws IOException {
                client.close();
            }
        };
    }

    @ParameterizedTest
    @MethodSource("matrix")
    void saysWhatSuspendResumeAndUnbindReallyDid(PollerProvider poller, Column column) throws Exception {
        Set<String> openBefore = OpenFds.now();
        try (ListenerRig rig = new ListenerRig(poller, LOOPS)) {
            int held = column.isHeld() ? listening(rig.loops.posix()) : -1;
            int other = column.isHeld() ? rig.loops.posix().dup(held) : -1;
            SharedListener listener = started(make(rig, column, held, new AtOnceStrategy()));
            ListenerResult suspended = join(listener.suspend());
            assertThat(suspended.outcome()).isEqualTo(Outcome.PAUSED);
            assertThat(suspended.detail())
                    .contains(column == Column.SHARED ? "other processes continue" : "connections queue in the kernel");
            try (Peer waits = peer(rig, listener)) {
                waits.send(7);
                rig.quiet();
                assertThat(listener.accepted()).isZero();

                assertThat(join(listener.resume()).outcome()).isEqualTo(Outcome.RESUMED);

                assertThat(waits.read()).isEqualTo(7);
            }
            String address = listener.address();
            ListenerResult unbound = join(listener.unbind(Duration.ZERO));
            if (column.isHeld()) {
                assertThat(unbound.outcome()).as(unbound.detail()).isEqualTo(Outcome.RELEASED);
                assertThat(unbound.abandoned()).isEqualTo(column == Column.SHARED ? Optional.of(0) : Optional.empty());
                assertThat(rig.loops.posix().intOption(other, SocketOptions.SOL_SOCKET, SocketOptions.SO_ACCEPTCONN))
                        .as("the other holder's still listens")
                        .isEqualTo(1);
                try (Socket queued = connect(HOST, Integer.parseInt(address.substring(address.indexOf(':') + 1)))) {
                    assertThat(queued.isConnected()).isTrue();
                }
                rig.loops.posix().close(other);
            } else {
                assertThat(unbound.outcome()).as(unbound.detail()).isEqualTo(Outcome.UNBOUND);
                SharedListener next = started(make(rig, column, -1, new AtOnceStrategy()));
                try (Peer client = peer(rig, next)) {
                    client.send(9);
                    assertThat(client.read()).isEqualTo(9);
                }
                join(next.unbind(Duration.ZERO));
            }
            assertThat(join(listener.resume()).outcome()).as("for good").isEqualTo(Outcome.FAILED);
        }
        assertThat(OpenFds.now()).isSubsetOf(openBefore);
    }

    /**
     * The kernel holds them when the unbind begins; nobody is cut, nobody new gets in, and the address is free
     * afterwards.
     */
    @ParameterizedTest
    @MethodSource("matrix")
    void drainBacklogServesWhomTheKernelHoldsAndAbandonsNobody(PollerProvider poller, Column column) throws Exception {
        try (ListenerRig rig = new ListenerRig(poller, LOOPS)) {
            int held = column.isHeld() ? listening(rig.loops.posix()) : -1;
            int other = column.isHeld() ? rig.loops.posix().dup(held) : -1;
            SharedListener listener = started(make(rig, column, held, new DrainBacklogStrategy()));
            join(listener.suspend());
            rig.quiet();
            List<Peer> waiting = new ArrayList<>();
            for (int i = 0; i < WAITING; i++) {
                Peer peer = peer(rig, listener);
                peer.send(i);
                waiting.add(peer);
            }
            assertThat(listener.accepted()).isZero();

            CompletableFuture<ListenerResult> unbinding =
                    listener.unbind(Duration.ofSeconds(20)).toCompletableFuture();

            if (column == Column.SHARED) {
                // They are the other holder's.
                ListenerResult result = join(unbinding);
                assertThat(result.outcome()).isEqualTo(Outcome.RELEASED);
                assertThat(result.abandoned()).contains(0);
                assertThat(listener.accepted()).isZero();
                for (int i = 0; i < WAITING; i++) {
                    int accepted = rig.loops.posix().accept(other);
                    assertThat(accepted).isNotNegative();
                    rig.loops.posix().close(accepted);
                }
            } else {
                for (int i = 0; i < WAITING; i++) {
                    assertThat(waiting.get(i).read()).isEqualTo(i);
                    waiting.get(i).close();
                }
                ListenerResult result = join(unbinding);
                assertThat(result.outcome())
                        .as(result.detail())
                        .isEqualTo(column.isHeld() ? Outcome.RELEASED : Outcome.UNBOUND);
                assertThat(result.abandoned()).isEqualTo(column.isHeld() ? Optional.empty() : Optional.of(0));
                assertThat(listener.accepted()).isEqualTo(WAITING);
            }
            for (Peer peer : waiting) {
                peer.close();
            }
            if (other >= 0) {
                rig.loops.posix().close(other);
            }
        }
    }

    /** A connection is open, so that the unbind is not over while somebody tries to connect. */
    @Test
    void drainBacklogLetsNobodyInWhoComesLater() throws Exception {
        for (Column column : List.of(Column.UNIX, Column.ABSTRACT)) {
            try (ListenerRig rig = new ListenerRig(Pollers.chosen(), LOOPS)) {
                // Full: what waits cannot be accepted, so that the drain lasts until the client has seen that it is on.
                SharedListener listener = rig.listener(
                        new UnixListenerKind(),
                        column == Column.UNIX ? "unix:" + folder.resolve("late.sock") : "unix:@baton-it-late",
                        SocketSettings.DEFAULT,
                        new Limits(100, 1),
                        false,
                        new DrainBacklogStrategy());
                started(listener);
                try (Peer first = peer(rig, listener);
                        Peer second = peer(rig, listener)) {
                    first.send(1);
                    assertThat(first.read()).isEqualTo(1);
                    second.send(2);
                    CompletableFuture<ListenerResult> unbinding =
                            listener.unbind(Duration.ofSeconds(20)).toCompletableFuture();
                    int result;
                    do {
                        result = UnixClient.tryConnect(rig.loops.posix(), listener.address());
                        // EAGAIN: not yet refused, only that those of before fill the backlog.
                    } while ((result == 0 || result == -Errno.EAGAIN) && !unbinding.isDone());
                    assertThat(result).isEqualTo(-Errno.ECONNREFUSED);
                    assertThat(unbinding).isNotDone();
                    first.close();
                    assertThat(second.read()).as("it waited, and is served").isEqualTo(2);
                    second.close();
                    ListenerResult done = join(unbinding);
                    assertThat(done.outcome()).as(done.detail()).isEqualTo(Outcome.UNBOUND);
                    assertThat(done.abandoned()).contains(0);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void whoCannotBeAcceptedIsCounted(PollerProvider poller) throws Exception {
        for (UnbindStrategy strategy : List.of(new AtOnceStrategy(), new DrainBacklogStrategy())) {
            try (ListenerRig rig = new ListenerRig(poller, LOOPS)) {
                SharedListener listener = started(rig.listener(
                        new TcpListenerKind(),
                        HOST + ":0",
                        SocketSettings.DEFAULT,
                        new Limits(100, 1),
                        false,
                        strategy));
                List<Socket> clients = new ArrayList<>();
                for (int i = 0; i < 5; i++) {
                    clients.add(connect(listener));
                }
                clients.get(0).getOutputStream().write(1);
                assertThat(clients.get(0).getInputStream().read()).isEqualTo(1);

                ListenerResult result = join(listener.unbind(Duration.ofMillis(300)));

                assertThat(result.outcome()).as(result.detail()).isEqualTo(Outcome.UNBOUND);
                assertThat(result.abandoned()).as(result.detail()).contains(4);
                assertThat(result.detail()).contains("4 connections in the backlog were abandoned");
                for (Socket client : clients) {
                    client.close();
                }
            }
        }
    }

    // ---- handed over ----------------------------------------------------------------------------------------------

    /** Two listeners as of two processes: the second adopts copies, and the first leaves everything to it. */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void whatWasHandedOverIsServedByWhoAdoptedIt(PollerProvider poller) throws Exception {
        for (Column column : List.of(Column.TCP, Column.TCP_PER_LOOP, Column.UNIX, Column.ABSTRACT)) {
            try (ListenerRig rig = new ListenerRig(poller, LOOPS)) {
                SharedListener old = started(make(rig, column, -1, new DrainBacklogStrategy()));
                assertThat(old.fds()).hasSize(column == Column.TCP_PER_LOOP ? LOOPS : 1);
                int[] copies = old.fds().stream()
                        .mapToInt(fd -> rig.loops.posix().dup(fd.number()))
                        .toArray();
                SharedListener next = make(rig, column, -1, new AtOnceStrategy());
                next.adopt(copies);
                next.start();
                old.handedOver();

                ListenerResult result = join(old.unbind(Duration.ofSeconds(10)));

                assertThat(result.outcome()).as(result.detail()).isEqualTo(Outcome.RELEASED);
                assertThat(result.abandoned()).contains(0);
                for (int i = 0; i < 10; i++) {
                    try (Peer client = peer(rig, next)) {
                        client.send(i);
                        assertThat(client.read()).isEqualTo(i);
                    }
                }
                assertThat(next.accepted()).isGreaterThanOrEqualTo(10);
                assertThat(join(next.unbind(Duration.ZERO)).outcome()).isEqualTo(Outcome.UNBOUND);
                assertThat(folder.resolve("web.sock")).doesNotExist();
            }
        }
    }

    @Test
    void whatIsNoneOfItsSocketsIsRefusedAndClosed() throws Exception {
        Set<String> openBefore = OpenFds.now();
        try (ListenerRig rig = new ListenerRig(Pollers.chosen(), LOOPS)) {
            Posix posix = rig.loops.posix();
            int mute = posix.socket(Sockets.AF_INET, Sockets.SOCK_STREAM, 0);
            assertThatThrownBy(() ->
                            make(rig, Column.TCP, -1, new AtOnceStrategy()).adopt(mute))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("does not listen");
            int elsewhere = listening(posix);
            SharedListener unix = make(rig, Column.UNIX, -1, new AtOnceStrategy());
            assertThatThrownBy(() -> unix.adopt(elsewhere))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("it is bound to /" + HOST);
            started(unix);
            assertThat(join(unix.unbind(Duration.ZERO)).outcome()).isEqualTo(Outcome.UNBOUND);
            List<Fd> open = new ArrayList<>();
            rig.loops.table().forEach(state -> {
                if (state.plugin().equals("test")) {
                    open.add(state.fd());
                }
            });
            assertThat(open).isEmpty();
        }
        assertThat(OpenFds.now()).isSubsetOf(openBefore);
    }
}
