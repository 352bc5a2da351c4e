package dev.baton.runtime.server;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where Baton is installed and which version it is.
 *
 * @param version the version, or {@code development} where the runtime is not in a jar
 * @param plugins the folders of the plugins that come with it
 */
public record Installation(String version, List<Path> plugins) {
    /** Set by {@code bin/baton}: the folder that has {@code lib} and {@code plugins} in it. */
    public static final String HOME = "baton.home";

    private static final String SDK = "sdk";

    /** The one that this process was started from. */
    public static Installation current() {
        String version = Installation.class.getPackage().getImplementationVersion();
        String home = System.getProperty(HOME);
        return new Installation(
                version == null ? "development" : version,
                home == null ? List.of() : List.of(Path.of(home, "plugins")));
    }

    /** The Maven repository for authors of plugins; empty where this is no distribution. */
    public static Optional<Path> sdk() {
        return Optional.ofNullable(System.getProperty(HOME))
                .map(home -> Path.of(home, SDK))
                .filter(Files::isDirectory);
    }

    /** The version, with the JDK: the first line of {@code run}, and what {@code --version} prints. */
    public static String line() {
        return "baton " + current().version() + ", JDK " + Runtime.version() + " ("
                + vendor(System.getProperty("java.vendor")) + ")";
    }

    private static String vendor(@Nullable String vendor) {
        return vendor == null || vendor.isBlank() ? "unknown vendor" : vendor;
    }
}
