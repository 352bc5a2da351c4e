package dev.baton.spi.admin;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An element of {@code /v1/plugins}.
 *
 * @param problem why it was not loaded, or null
 * @param generation how often it has been loaded; 0 if it was not
 * @param retired how many versions that were replaced are not gone, because something uses or holds them
 */
public record PluginSnapshot(
        String id,
        String version,
        String spi,
        List<String> contributes,
        String from,
        @Nullable String problem,
        int generation,
        int retired) {
    /** One that was not reloaded. */
    public PluginSnapshot(
            String id, String version, String spi, List<String> contributes, String from, @Nullable String problem) {
        this(id, version, spi, contributes, from, problem, problem == null ? 1 : 0, 0);
    }
}
