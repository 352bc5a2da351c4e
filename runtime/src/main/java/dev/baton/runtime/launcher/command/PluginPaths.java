package dev.baton.runtime.launcher.command;

import dev.baton.runtime.config.Words;
import dev.baton.runtime.launcher.admin.AdminException;
import java.util.List;

/** Names of what plugins bring to the admin API. */
final class PluginPaths {
    private PluginPaths() {}

    /**
     * Checks that there is such a name.
     *
     * @param what what it names, for the message
     */
    static void check(String what, String name, List<String> names) throws AdminException {
        if (!names.contains(name)) {
            throw new AdminException("no plugin has the " + what + " '" + name + "'"
                    + Words.suggestion(name, names, "there is none at all"));
        }
    }
}
