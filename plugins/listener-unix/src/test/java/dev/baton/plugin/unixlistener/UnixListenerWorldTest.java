package dev.baton.plugin.unixlistener;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.listener.ListenerResult.Outcome;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.service.ServiceFactory;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.Where;
import io.netty.buffer.Unpooled;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;

/** Listeners of unix: by a file, which goes with them, and by an abstract name. */
class UnixListenerWorldTest {
    @TempDir
    Path folder = Path.of("");

    @InEachWorld(
            worlds = Where.REAL,
            because = "the kind looks after the socket's file, and the simulation has no files")
    void shouldListenByAFileAndRemoveIt(PluginWorld world) {
        Path file = folder.resolve("s");
        world.plugin(UnixListenerPlugin.class);
        world.start("""
                listeners: { web: { bind: "unix:%s", service: echo, mode: "0600" } }
                services: { echo: { type: testkit-echo } }
                """.formatted(file));
        assertThat(file).exists();
        Peer client = world.connect("web");
        client.send("hello");
        client.expect("hello");
        client.shutdownOutput();
        client.expectEnd();
        assertThat(world.await(world.control().unbindListener("web", Duration.ZERO, Optional.empty(), false))
                        .outcome())
                .isEqualTo(Outcome.UNBOUND);
        assertThat(file).doesNotExist();
    }

    /** Which needs to know nothing of unix sockets. */
    public static final class PromptPlugin implements Plugin {
        record None() {}

        static final class Prompt implements ServiceFactory<None> {
            @Override
            public Service create(String name, None config, ServiceContext context) {
                return (connection, listener) -> {
                    connection.config().setTcpNoDelay(true).setKeepAlive(true);
                    connection.writeAndFlush(Unpooled.copiedBuffer("welcome", StandardCharsets.US_ASCII));
                };
            }
        }

        @Override
        public void configure(PluginBinder binder) {
            binder.service("prompt", None.class, Prompt.class);
        }
    }

    @InEachWorld(
            worlds = Where.REAL,
            because = "the kind looks after the socket's file, and the simulation has no files")
    void shouldBeServedByAServiceThatWasWrittenForTcp(PluginWorld world) {
        world.plugin(UnixListenerPlugin.class);
        world.plugin(PromptPlugin.class);
        world.start("""
                listeners: { web: { bind: "unix:%s", service: prompt } }
                services: { prompt: { type: prompt } }
                """.formatted(folder.resolve("s")));
        world.connect("web").expect("welcome");
    }

    @InEachWorld(
            worlds = Where.SIMULATION,
            because = "the JDK's sockets, which are the clients, know no abstract names")
    void shouldListenByAnAbstractName(PluginWorld world) {
        world.plugin(UnixListenerPlugin.class);
        world.start("""
                listeners: { web: { bind: "unix:@web", service: echo } }
                services: { echo: { type: testkit-echo } }
                """);
        SocketAddress address = world.address("web");
        Peer client = world.connect("web");
        client.send("hello");
        client.expect("hello");
        assertThat(world.await(world.control().unbindListener("web", Duration.ZERO, Optional.empty(), false))
                        .outcome())
                .isEqualTo(Outcome.UNBOUND);
        assertThat(world.refuses(address)).isTrue();
    }
}
