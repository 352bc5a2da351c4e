package dev.baton.runtime.upstream;

import org.jspecify.annotations.Nullable;

/**
 * What makes upstream connections interchangeable. Two plugins may use one name, with different handlers, and so may
 * two versions of one plugin.
 *
 * @param plugin the plugin that opens them
 * @param name as that plugin calls it
 * @param reload the reload in which the service was made that opens them, by its number in this process; 0 for those
 *     that were made at the start
 */
record Profile(String plugin, String name, int reload) {
    /** Written out: to link that of a record takes a start some milliseconds. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Profile profile
                && plugin.equals(profile.plugin)
                && name.equals(profile.name)
                && reload == profile.reload;
    }

    @Override
    public int hashCode() {
        return 31 * (31 * plugin.hashCode() + name.hashCode()) + reload;
    }
}
