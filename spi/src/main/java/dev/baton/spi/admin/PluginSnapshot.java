package dev.baton.spi.admin;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** An element of {@code /v1/plugins}. {@code problem} says why it was not loaded, or is null. */
public record PluginSnapshot(
        String id,
        String version,
        String spi,
        List<String> contributes,
        String from,
        @Nullable String problem) {}
