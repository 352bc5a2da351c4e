package dev.baton.runtime.launcher.command;

import dev.baton.runtime.server.ConfigSource;
import dev.baton.runtime.server.StartException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** {@code -c FILE}. */
final class ConfigOption {
    @Option(
            names = {"-c", "--config"},
            paramLabel = "FILE",
            description = "The configuration. Default: ./baton.yaml if there is one, else the built-in demo.")
    private @Nullable Path file;

    @Nullable
    Path file() {
        return file;
    }

    ConfigSource source() throws StartException {
        return ConfigSource.find(file);
    }
}
