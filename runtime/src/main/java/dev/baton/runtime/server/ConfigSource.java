package dev.baton.runtime.server;

import dev.baton.runtime.config.ConfigException;
import dev.baton.runtime.config.ConfigReader;
import dev.baton.runtime.server.StartException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The configuration that a command works with: the file that was named, else {@code ./baton.yaml}, else the built-in
 * demo.
 *
 * @param file what it is called in messages
 * @param origin why it is this one, for a person
 * @param reader its text, parsed but not bound yet
 */
public record ConfigSource(String file, String origin, ConfigReader reader) {
    /** The one that is used if none is named, in the current folder. */
    public static final Path DEFAULT = Path.of("baton.yaml");

    private static final String DEMO = "demo.yaml";
    /** The line in front of its listeners. */
    private static final String LISTENERS = "listeners:\n";
    /** The address of a listener or of the admin API. */
    private static final Pattern PORT = Pattern.compile("(\"127\\.0\\.0\\.1):\\d+\"");

    /**
     * Finds and parses it.
     *
     * @param asked the file that was named on the command line, or null
     * @throws StartException with every error of the file, if it cannot be read or is no YAML
     */
    public static ConfigSource find(@Nullable Path asked) throws StartException {
        try {
            if (asked != null) {
                return new ConfigSource(asked.toString(), "named by -c", ConfigReader.parse(asked));
            }
            if (Files.exists(DEFAULT)) {
                return new ConfigSource(DEFAULT.toString(), "found in this folder", ConfigReader.parse(DEFAULT));
            }
            return builtIn("no -c and no ./" + DEFAULT, demo());
        } catch (ConfigException e) {
            throw new StartException(Kind.CONFIGURATION, String.valueOf(e.getMessage()), e);
        } catch (IOException e) {
            // Files says little more than the name; the reader's own messages are whole sentences.
            String message = String.valueOf(e.getMessage());
            throw new StartException(
                    Kind.CONFIGURATION,
                    message.startsWith("cannot read") ? message : "cannot read " + asked + ": " + e,
                    e);
        }
    }

    /** The built-in demo on free ports, for a start that disturbs no other process. */
    public static ConfigSource rehearsal() {
        return onFreePorts(demo());
    }

    /**
     * The same with a listener {@code secure}, which has TLS; an installation without the plugin refuses it.
     *
     * @param certificate file of it, in PEM
     * @param key file of its key
     */
    public static ConfigSource rehearsal(Path certificate, Path key) {
        String secure = "  secure: { bind: \"127.0.0.1:0\", service: shop, tls: { certificates: [ { certificate: \""
                + certificate + "\", key: \"" + key + "\" } ] } }\n";
        return onFreePorts(demo().replace(LISTENERS, LISTENERS + secure));
    }

    private static ConfigSource onFreePorts(String text) {
        try {
            return builtIn("on free ports", PORT.matcher(text).replaceAll("$1:0\""));
        } catch (ConfigException e) {
            throw new IllegalStateException(DEMO + " on free ports", e);
        }
    }

    private static ConfigSource builtIn(String origin, String text) throws ConfigException {
        return new ConfigSource(
                "built-in demo",
                origin,
                ConfigReader.parse(DEMO, text, Path.of("").toAbsolutePath()));
    }

    /** The text of the built-in demo. */
    static String demo() {
        try (InputStream in = ConfigSource.class.getResourceAsStream(DEMO)) {
            if (in == null) {
                throw new IllegalStateException(DEMO + " is not in the runtime's jar");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
