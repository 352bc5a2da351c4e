package dev.baton.runtime.launcher.command;

import dev.baton.runtime.server.ConfigSource;
import dev.baton.runtime.server.StartException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** {@code -c FILE}. */
final class ConfigOption {
    static final String NAME = "-c";

    @Option(
            names = {NAME, "--config"},
            paramLabel = "FILE",
            description = "The configuration. Default: ./baton.yaml if there is one, else the built-in demo.")
    private @Nullable Path file;

    private @Nullable ConfigSource known;

    /** For picocli. */
    ConfigOption() {}

    ConfigOption(@Nullable Path file) {
        this.file = file;
    }

    /** Without a file to look for. */
    ConfigOption(ConfigSource known) {
        this.known = known;
    }

    @Nullable
    Path file() {
        return file;
    }

    ConfigSource source() throws StartException {
        return known == null ? ConfigSource.find(file) : known;
    }
}
