package dev.baton.runtime.launcher.dev;

import dev.baton.runtime.config.ConfigReader;
import dev.baton.runtime.launcher.Logging;
import dev.baton.runtime.launcher.dev.ControlChannel.Line;
import dev.baton.runtime.launcher.dev.ControlChannel.Word;
import dev.baton.runtime.plugin.ExtensionPoint;
import dev.baton.runtime.plugin.PluginCandidate;
import dev.baton.runtime.plugin.PluginRegistry;
import dev.baton.runtime.server.ConfigSource;
import dev.baton.runtime.server.StartException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A serving process's link to the one that supervises it, and what is different in it because of that. */
public final class SupervisorLink {
    private static final Logger LOG = LoggerFactory.getLogger(SupervisorLink.class);

    private static final String CONTROL = "control";
    private static final String RESCUE = "rescue";

    private final Path root;
    private final ControlChannel channel;

    /** What a supervisor has a serving process do. On a thread of the link's. */
    public interface Orders {
        /** Upgrade; {@link SupervisorLink#upgraded} is the answer. */
        void upgrade();

        /** Reload plugins, or upgrade where that is not possible; {@link SupervisorLink#upgraded} is the answer. */
        void reload(List<String> plugins);

        /** Drain and end, unless that has begun. */
        void stop(String signal);

        /** Cut what still drains. */
        void cut(String signal);

        /** The supervisor is dead: end at once. */
        void abandoned();
    }

    private SupervisorLink(Path root, ControlChannel channel) {
        this.root = root;
        this.channel = channel;
    }

    static Path control(Path root) {
        return root.resolve(CONTROL);
    }

    /**
     * Connects to the supervisor.
     *
     * @param root its folder
     * @throws StartException if there is none
     */
    public static SupervisorLink connect(Path root) throws StartException {
        try {
            SupervisorLink made = new SupervisorLink(
                    root, new ControlChannel(SocketChannel.open(UnixDomainSocketAddress.of(control(root)))));
            made.channel.write(Word.HELLO, Long.toString(ProcessHandle.current().pid()));
            return made;
        } catch (IOException | UnsupportedOperationException e) {
            throw new StartException(
                    StartException.Kind.FAILED,
                    "cannot reach the process of `baton run --dev` by " + control(root) + ": " + e.getMessage(),
                    e);
        }
    }

    /** The folder of the plugins that are being developed. */
    public Path plugins() {
        return StagedPlugins.plugins(root);
    }

    /** Has everything logged that the plugins' own classes say. */
    public void logAll() {
        try {
            Logging.trace(StagedPlugins.packages(root));
        } catch (IOException e) {
            LOG.warn("the log of the projects' classes stays as it is: {} cannot be read: {}", plugins(), e.toString());
        }
    }

    /**
     * A configuration as it is for development, wherever it says nothing itself: a folder of plugins may be missing,
     * because it may be where the plugin is to be installed; and a loop that stands at a breakpoint keeps its
     * connections.
     *
     * @throws StartException if it has something that cannot be used for development
     */
    public static ConfigSource adapted(ConfigSource source, PluginRegistry plugins) throws StartException {
        ConfigReader reader = source.reader().withoutMissingFolders();
        if (reader.has("user")) {
            throw new StartException(
                    StartException.Kind.CONFIGURATION,
                    source.file()
                            + ": `user` cannot be used with `baton run --dev`: a user of another name has no access to"
                            + " what is compiled; leave it out, or start as that user",
                    null);
        }
        if (plugins.all(ExtensionPoint.COMPONENT).containsKey(RESCUE)
                && reader.text(RESCUE, "take-over").isEmpty()) {
            try {
                reader = reader.with(Map.of(RESCUE, Map.of("take-over", false)));
            } catch (IllegalArgumentException e) {
                LOG.debug("{} is no section", RESCUE, e); // an error of the file, which reading it tells
            }
        }
        return new ConfigSource(source.file(), source.origin(), reader);
    }

    /** Begins to take orders. */
    public void obey(Orders orders) {
        Thread thread = new Thread(() -> read(orders), "baton-supervisor-link");
        thread.setDaemon(true);
        thread.start();
    }

    private void read(Orders orders) {
        for (Line line = channel.read(); line != null; line = channel.read()) {
            switch (line.word()) {
                case UPGRADE -> orders.upgrade();
                case RELOAD -> orders.reload(List.of(line.argument().split(",")));
                case STOP -> orders.stop(line.argument());
                case CUT -> orders.cut(line.argument());
                default -> LOG.warn("{} is no order of a supervisor", line);
            }
        }
        PluginCandidate.remove(root); // it could not
        orders.abandoned();
    }

    /** This process serves. */
    public void ready() {
        channel.write(Word.READY);
    }

    /** How an upgrade has ended. */
    public void upgraded(boolean done) {
        channel.write(done ? Word.UPGRADED : Word.KEPT);
    }

    /** This process ends now. */
    public void ended(int code) {
        channel.write(Word.ENDED, Integer.toString(code));
    }
}
