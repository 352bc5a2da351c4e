package dev.baton.it.listener;

import static dev.baton.it.listener.ListenerRig.join;
import static dev.baton.it.listener.ListenerRig.started;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.it.Pollers;
import dev.baton.plugin.tcplistener.TcpListenerKind;
import dev.baton.plugin.unbind.AtOnceStrategy;
import dev.baton.plugin.unixlistener.UnixListenerKind;
import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.listener.ListenerSpec;
import dev.baton.runtime.listener.ListenerSpec.Limits;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.listener.InvalidBindException;
import dev.baton.spi.listener.ListenerResult.Outcome;
import dev.baton.spi.listener.SocketSettings;
import dev.baton.spi.posix.Sockets;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The file of a unix socket: its mode and owner, what stands in its way, and that it goes with the socket. */
@Timeout(120)
class UnixSocketFileIT {
    private static final int LOOPS = 2;
    private static final Limits LIMITS = new Limits(1_000, 10_000);

    @TempDir
    Path folder;

    private static SharedListener unix(ListenerRig rig, Path path, SocketSettings settings) {
        return rig.listener(new UnixListenerKind(), "unix:" + path, settings, LIMITS, false, new AtOnceStrategy());
    }

    @Test
    void theFileHasItsModeBeforeClientsCanConnectAndGoesWithTheSocket() throws Exception {
        Path path = folder.resolve("mode.sock");
        try (ListenerRig rig = new ListenerRig(Pollers.chosen(), LOOPS)) {
            SocketSettings settings = new SocketSettings(
                    false,
                    OptionalInt.of(0620),
                    Optional.of(String.valueOf(Files.getAttribute(folder, "unix:uid"))),
                    Optional.of(String.valueOf(Files.getAttribute(folder, "unix:gid"))));
            int[] modeAtListen = new int[1];
            Posix watching = (Posix) Proxy.newProxyInstance(
                    Posix.class.getClassLoader(), new Class<?>[] {Posix.class}, (proxy, method, arguments) -> {
                        if (method.getName().equals("listen")) {
                            modeAtListen[0] = (Integer) Files.getAttribute(path, "unix:mode") & 0777;
                        }
                        return method.invoke(rig.loops.posix(), arguments);
                    });
            SharedListener listener = new SharedListener(
                    new ListenerSpec(
                            "web",
                            "unix:" + path,
                            new UnixListenerKind().parse("unix:" + path),
                            settings,
                            LIMITS,
                            false,
                            "echo",
                            new ListenerRig.Echo(),
                            "test",
                            new AtOnceStrategy()),
                    new ChannelEnv(rig.loops.table(), watching, rig.loops.registry(), (plugin, cause) -> {}),
                    rig.loops.registry().batonLoops(),
                    rig.metrics,
                    rig.worker);
            started(listener);
            assertThat(modeAtListen[0]).isEqualTo(0620);
            join(listener.unbind(Duration.ZERO));
            assertThat(path).doesNotExist();
        }
    }

    @Test
    void aStaleFileIsRemovedAndOneThatAnswersIsNot() throws Exception {
        Path path = folder.resolve("stale.sock");
        try (ListenerRig rig = new ListenerRig(Pollers.chosen(), LOOPS)) {
            Posix posix = rig.loops.posix();
            int dead = posix.socket(Sockets.AF_UNIX, Sockets.SOCK_STREAM, 0);
            assertThat(posix.bind(dead, UnixClient.address("unix:" + path))).isZero();
            posix.close(dead);
            assertThat(path).exists();
            SharedListener listener = started(unix(rig, path, SocketSettings.DEFAULT));

            SharedListener second = unix(rig, path, SocketSettings.DEFAULT);
            assertThatThrownBy(second::open)
                    .hasMessageContaining("EADDRINUSE")
                    .hasMessageContaining("another process listens there");
            try (UnixClient client = UnixClient.connect(posix, listener.address())) {
                client.send(3);
                assertThat(client.read()).isEqualTo(3);
            }
            join(listener.unbind(Duration.ZERO));
            started(second);
            join(second.unbind(Duration.ZERO));
        }
    }

    @Test
    void whatIsNoSocketStays() throws Exception {
        Path path = folder.resolve("precious");
        Files.writeString(path, "mine");
        Path link = Files.createSymbolicLink(folder.resolve("link"), path);
        try (ListenerRig rig = new ListenerRig(Pollers.chosen(), LOOPS)) {
            for (Path wrong : List.of(path, folder, link)) {
                assertThatThrownBy(
                                () -> unix(rig, wrong, SocketSettings.DEFAULT).open())
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("no socket");
            }
        }
        assertThat(path).hasContent("mine");
        assertThat(Files.exists(link, LinkOption.NOFOLLOW_LINKS)).isTrue();
    }

    @Test
    void anotherFileThatWasPutThereIsNotUnlinked() throws Exception {
        Path path = folder.resolve("taken.sock");
        try (ListenerRig rig = new ListenerRig(Pollers.chosen(), LOOPS)) {
            SharedListener listener = started(unix(rig, path, SocketSettings.DEFAULT));
            Posix posix = rig.loops.posix();
            Path aside = folder.resolve("aside.sock");
            int other = posix.socket(Sockets.AF_UNIX, Sockets.SOCK_STREAM, 0);
            assertThat(posix.bind(other, UnixClient.address("unix:" + aside))).isZero();
            assertThat(posix.listen(other, 10)).isZero();
            Files.move(aside, path, StandardCopyOption.ATOMIC_MOVE);

            assertThat(join(listener.unbind(Duration.ZERO)).outcome()).isEqualTo(Outcome.UNBOUND);

            assertThat(UnixClient.tryConnect(posix, "unix:" + path)).isZero();
            posix.close(other);
        }
    }

    @Test
    void whatCannotBeSetLeavesNoFile() throws Exception {
        Path path = folder.resolve("nobody.sock");
        try (ListenerRig rig = new ListenerRig(Pollers.chosen(), LOOPS)) {
            SocketSettings settings =
                    new SocketSettings(false, OptionalInt.empty(), Optional.of("no-such-user-here"), Optional.empty());
            assertThatThrownBy(() -> unix(rig, path, settings).open())
                    .hasMessageContaining("there is no user no-such-user-here");
            assertThat(path).doesNotExist();
        }
    }

    @Test
    void itsAddressIsFoundByTheKernelsRules() {
        UnixListenerKind kind = new UnixListenerKind();
        for (String wrong : List.of("unix:", "unix:@")) {
            assertThatExceptionOfType(InvalidBindException.class).isThrownBy(() -> kind.parse(wrong));
        }
        assertThatExceptionOfType(InvalidBindException.class)
                .isThrownBy(() -> kind.parse("unix:/" + "x".repeat(107)))
                .withMessageContaining("107");
        assertThat(kind.claims("127.0.0.1:80")).isFalse();
        assertThat(new TcpListenerKind().claims("unix:/x")).isFalse();
        SocketSettings mode = new SocketSettings(false, OptionalInt.of(0600), Optional.empty(), Optional.empty());
        assertThat(kind.parse("unix:@x").check(mode)).isPresent();
        assertThat(kind.parse("unix:/run/x.sock").check(mode)).isEmpty();
        assertThat(new TcpListenerKind().parse("127.0.0.1:80").check(mode)).isPresent();
    }
}
