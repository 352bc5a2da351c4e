package dev.baton.runtime.fd;

import dev.baton.spi.Plugin;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Is told when a plugin's code throws. */
@FunctionalInterface
public interface PluginFailures {
    /** The plugin's code threw. Any thread; must not throw. */
    void failed(String plugin, Throwable cause);

    /** Id of the plugin whose class is nearest to a throw; empty if none is in its stack trace. */
    static String nearest(Throwable cause) {
        return nearest(Stream.of(cause.getStackTrace()).map(StackTraceElement::getClassLoaderName));
    }

    /**
     * Id of the first plugin among class loaders, of which each plugin has one of its own; empty if there is none.
     *
     * @param loaders their names; null for one without a name
     */
    static String nearest(Stream<@Nullable String> loaders) {
        return loaders.flatMap(Stream::ofNullable)
                .filter(name -> name.startsWith(Plugin.LOADER_PREFIX))
                .map(name -> name.substring(Plugin.LOADER_PREFIX.length()))
                .findFirst()
                .orElse("");
    }
}
