package dev.baton.plugin.admin.dashboard;

import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A file of the page.
 *
 * @param type its media type
 * @param bytes what is in it
 */
public record PageFile(String type, Buffer bytes) {
    /** The page. */
    public static final String INDEX = "index.html";

    private static final Map<String, String> TYPES = Map.of(
            "html", "text/html; charset=utf-8",
            "js", "text/javascript; charset=utf-8",
            "css", "text/css; charset=utf-8",
            "svg", "image/svg+xml");

    /** No slash: nothing but what stands beside this class, and no class. */
    private static final Pattern NAME = Pattern.compile("[a-z][a-z-]{0,40}\\.([a-z]{2,4})");

    /** Reads it from the plugin's jar, which may block; empty if there is none of this name. */
    public static Optional<PageFile> read(String name) {
        Matcher matcher = NAME.matcher(name);
        String type = matcher.matches() ? TYPES.get(matcher.group(1)) : null;
        if (type == null) {
            return Optional.empty();
        }
        try (InputStream in = PageFile.class.getResourceAsStream(name)) {
            return in == null ? Optional.empty() : Optional.of(new PageFile(type, Buffer.buffer(in.readAllBytes())));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + name + " of the dashboard", e);
        }
    }
}
