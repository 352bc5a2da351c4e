package dev.baton.runtime.launcher.command;

import dev.baton.runtime.launcher.admin.AdminAddress;
import dev.baton.runtime.launcher.admin.AdminClient;
import dev.baton.runtime.launcher.admin.AdminException;
import dev.baton.runtime.plugin.PluginException;
import dev.baton.runtime.plugin.PluginStore;
import dev.baton.runtime.server.Installation;
import dev.baton.runtime.server.StartException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Where plugins are installed: {@code --to}, else where the configuration says, else the distribution. */
final class PluginPlace {
    @Option(
            names = "--to",
            paramLabel = "FOLDER",
            description = {
                "The folder of plugins. Default: the first of `plugins: { path: [...] }` in the configuration, else that",
                "of the distribution."
            })
    private @Nullable Path to;

    @Mixin
    private ConfigOption config = new ConfigOption();

    /** The one to install into. */
    PluginStore store() throws StartException, PluginException {
        return stores().get(0);
    }

    /** All that can be meant, the first one first. */
    List<PluginStore> stores() throws StartException, PluginException {
        List<PluginStore> stores = new ArrayList<>();
        if (to != null) {
            stores.add(new PluginStore(to.toAbsolutePath().normalize(), false));
            return stores;
        }
        for (Path each : config.source().reader().pluginPath()) {
            stores.add(new PluginStore(each.toAbsolutePath(), false));
        }
        for (Path each : Installation.current().plugins()) {
            stores.add(new PluginStore(each, true));
        }
        if (stores.isEmpty()) {
            throw new PluginException(
                    "no folder of plugins is known: name one by --to, or by plugins: { path: [...] } in"
                            + " the configuration");
        }
        return stores;
    }

    /** The process that these plugins may be for, at an address or where the configuration says. */
    AdminClient admin(@Nullable String address) throws AdminException {
        return new AdminClient(AdminAddress.find(address, System.getenv(), config.file()));
    }
}
