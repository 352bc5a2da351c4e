package dev.baton.runtime.launcher.command;

import dev.baton.runtime.plugin.PluginCandidate;
import dev.baton.runtime.plugin.PluginException;
import dev.baton.runtime.plugin.PluginStore;
import dev.baton.runtime.server.Foundation;
import dev.baton.runtime.server.Installation;
import dev.baton.runtime.server.StartException;
import dev.baton.spi.admin.PluginSnapshot;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What loading a plugin would say, and more.
 *
 * @param plugin as it would be shown
 * @param problem why it cannot be loaded, or null
 * @param advice what does no harm today
 */
record PluginTrial(PluginSnapshot plugin, @Nullable String problem, List<String> advice) {

    /**
     * Loads a plugin together with those of the distribution.
     *
     * @param replaced the folder whose place it is to take, or null
     */
    static PluginTrial of(PluginCandidate candidate, @Nullable Path replaced) throws PluginException, StartException {
        PluginSnapshot plugin =
                Foundation.onTrial(Installation.current(), candidate.folder(), replaced).plugins().snapshots().stream()
                        .filter(each -> Path.of(each.from()).startsWith(candidate.folder()))
                        .findFirst()
                        .orElseThrow(() -> new PluginException(candidate.folder() + " was not looked at"));
        String problem = plugin.problem();
        if (problem != null) {
            return new PluginTrial(plugin, candidate.named(problem), List.of());
        }
        return new PluginTrial(plugin, null, isOurs(candidate.folder()) ? List.of() : candidate.advice());
    }

    /** One that came with the distribution: it changes together with the SPI. */
    private static boolean isOurs(Path folder) {
        return !PluginStore.isInstalled(folder)
                && Installation.current().plugins().stream()
                        .anyMatch(plugins -> folder.toAbsolutePath().startsWith(plugins.toAbsolutePath()));
    }
}
