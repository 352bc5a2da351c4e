package dev.baton.embed;

import dev.baton.plugin.balancers.BalancersPlugin;
import dev.baton.plugin.epoll.EpollPlugin;
import dev.baton.plugin.poll.PollPlugin;
import dev.baton.plugin.rescue.LoopRescuePlugin;
import dev.baton.plugin.takeover.ConnectionTakeoverPlugin;
import dev.baton.plugin.tcplistener.TcpListenerPlugin;
import dev.baton.plugin.unbind.UnbindPlugin;
import dev.baton.plugin.unixlistener.UnixListenerPlugin;
import dev.baton.runtime.config.ConfigException;
import dev.baton.runtime.config.ConfigReader;
import dev.baton.runtime.plugin.PluginLoader;
import dev.baton.runtime.posix.JnrPosix;
import dev.baton.runtime.posix.Posix;
import dev.baton.runtime.server.ConfigSource;
import dev.baton.runtime.server.Foundation;
import dev.baton.runtime.server.Server;
import dev.baton.runtime.server.StartException;
import dev.baton.spi.Plugin;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says what {@link Baton} is to start. What is not said is as in a configuration of {@code baton run}: a loop a
 * processor, rescue after 50 ms.
 *
 * <p>Threading: one thread.
 */
public final class BatonBuilder {
    private static final Logger LOG = LoggerFactory.getLogger(BatonBuilder.class);

    private static final String GRACE = "grace";
    private static final String RESCUE = "loop-rescue";
    private static final String PROGRAM = "Baton.builder()";

    /** One for the JVM: it has no state, and keeps native memory for good. */
    private static @Nullable Posix kernel;

    private final Map<String, Object> own = new LinkedHashMap<>();
    private final Map<String, Plugin> plugins = new LinkedHashMap<>();
    private ConfigReader configuration = ConfigReader.of(PROGRAM, Map.of("version", 1), Path.of(""));
    private @Nullable ThreadFactory threads;
    private boolean rescues = true;
    private boolean atExit;

    BatonBuilder() {}

    /**
     * How many loops; the key {@code loops}.
     *
     * @param count 1 to 1024
     */
    public BatonBuilder loops(int count) {
        own.put("loops", count);
        return this;
    }

    /** How loops wait for events: {@code epoll} or {@code poll}; the key {@code poller}. */
    public BatonBuilder poller(String name) {
        own.put("poller", name);
        return this;
    }

    /**
     * After how long in one callback a loop counts as blocked, and its other connections go to the other loops; the key
     * {@code rescue: detect}.
     *
     * @param detect 10 ms to 1 minute
     */
    public BatonBuilder rescue(Duration detect) {
        rescues = true;
        own.put("rescue", Map.of("detect", detect));
        return this;
    }

    /** Leaves the connections of a blocked loop where they are. */
    public BatonBuilder withoutRescue() {
        rescues = false;
        own.remove("rescue");
        return this;
    }

    /** Who makes and names the threads of the loops. */
    BatonBuilder threads(ThreadFactory factory) {
        threads = factory;
        return this;
    }

    /**
     * How long {@link Baton#close} waits for connections to end before it closes them; the key {@code grace}. If
     * neither the program nor the configuration says so, it does not wait.
     */
    public BatonBuilder grace(Duration patience) {
        own.put(GRACE, patience);
        return this;
    }

    /** Closes Baton when the JVM ends, by a shutdown hook. */
    public BatonBuilder closeAtExit() {
        atExit = true;
        return this;
    }

    /**
     * A whole server, as {@code baton run -c} starts it: its plugins have to be on the class path, and so has
     * {@code org.yaml:snakeyaml}. What was said here besides is added.
     *
     * @param file the configuration
     * @throws BatonException if it cannot be read, with each error
     */
    public BatonBuilder configuration(Path file) {
        return configured(() -> ConfigReader.parse(file));
    }

    /**
     * As {@link #configuration(Path)}, of a text.
     *
     * @param yaml the configuration; paths in it are relative to the working directory
     * @throws BatonException with each error in it
     */
    public BatonBuilder configuration(String yaml) {
        return configured(() -> ConfigReader.parse("configuration", yaml, Path.of("")));
    }

    /**
     * As {@link #configuration(Path)}, of an object, without a YAML parser.
     *
     * @param keys those of the file: maps, lists, strings, numbers, booleans and {@link Duration}
     */
    public BatonBuilder configuration(Map<String, ?> keys) {
        return configured(() -> ConfigReader.of("configuration", keys, Path.of("")));
    }

    /** Reads a configuration. */
    @FunctionalInterface
    private interface Reading {
        ConfigReader read() throws ConfigException, IOException;
    }

    private BatonBuilder configured(Reading reading) {
        try {
            configuration = reading.read();
        } catch (ConfigException | IOException e) {
            throw new BatonException(String.valueOf(e.getMessage()), e);
        } catch (NoClassDefFoundError missing) {
            throw new BatonException(
                    "YAML is read by org.yaml:snakeyaml, which is not there: add it to the dependencies, or pass the"
                            + " configuration as a map",
                    missing);
        }
        return this;
    }

    /**
     * A plugin that the program has made itself. Those whose jars are on the class path are found by their manifests.
     *
     * @param id letters in lower case, digits and {@code -}
     */
    public BatonBuilder plugin(String id, Plugin plugin) {
        plugins.put(id, plugin);
        return this;
    }

    /**
     * Starts the loops and everything that the configuration asks for. Waits until it serves.
     *
     * @throws BatonException if that is not possible, with each reason
     */
    public Baton start() {
        for (String key : List.of("user", "group")) {
            if (configuration.has(key)) {
                throw new BatonException(key + ": the user of this process is the program's; remove the key", null);
            }
        }
        Setups setups = new Setups();
        Server server;
        try {
            Foundation foundation = Foundation.embed(
                    version(),
                    configuration.enabledPlugins(),
                    kernel(),
                    ByteBufAllocator.DEFAULT,
                    loader -> load(loader, setups));
            if (threads != null) {
                foundation.loopThreads(threads);
            }
            own.put("services", Map.of(Setups.NAME, Map.of("type", Setups.NAME)));
            if (!configuration.has(GRACE)) {
                own.putIfAbsent(GRACE, Duration.ZERO);
            }
            ConfigReader all = configuration.with(own);
            server = Server.assemble(
                    foundation, foundation.read(new ConfigSource("configuration", "given by the program", all)));
        } catch (StartException | IllegalArgumentException | UncheckedIOException e) {
            throw new BatonException(String.valueOf(e.getMessage()), e);
        }
        Baton baton = serve(server, setups);
        if (atExit) {
            baton.closeAtExit();
        }
        return baton;
    }

    /**
     * The system calls of this machine.
     *
     * @throws BatonException if they cannot be made here
     */
    static synchronized Posix kernel() {
        Posix known = kernel;
        if (known == null) {
            try {
                known = new JnrPosix();
            } catch (IllegalStateException | LinkageError e) {
                throw new BatonException("Baton's system calls cannot be made on this machine: " + e.getMessage(), e);
            }
            kernel = known;
        }
        return known;
    }

    private Baton serve(Server server, Setups setups) {
        boolean serves = false;
        try {
            server.open();
            server.start(line -> LOG.debug("{}", line));
            serves = true;
            return new Baton(server, setups);
        } catch (StartException e) {
            throw new BatonException(String.valueOf(e.getMessage()), e);
        } finally {
            if (!serves) {
                server.end();
            }
        }
    }

    private void load(PluginLoader loader, Setups setups) {
        loader.loadEmbedded(Setups.NAME, setups);
        plugins.forEach(loader::loadEmbedded);
        loader.loadEmbedded("poller-epoll", EpollPlugin.class);
        loader.loadEmbedded("poller-poll", PollPlugin.class);
        loader.loadEmbedded("listener-tcp", TcpListenerPlugin.class);
        loader.loadEmbedded("listener-unix", UnixListenerPlugin.class);
        loader.loadEmbedded("listener-unbind", UnbindPlugin.class);
        loader.loadEmbedded("connection-takeover", ConnectionTakeoverPlugin.class);
        loader.loadEmbedded("balancers", BalancersPlugin.class);
        if (rescues) {
            loader.loadEmbedded(RESCUE, LoopRescuePlugin.class);
        }
        ClassLoader classPath = Thread.currentThread().getContextClassLoader();
        loader.loadClassPath(
                classPath != null ? classPath : BatonBuilder.class.getClassLoader(),
                rescues ? Set.of() : Set.of(RESCUE));
    }

    private static String version() {
        @Nullable String version = BatonBuilder.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }
}
