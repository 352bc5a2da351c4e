package dev.baton.spi.admin;

import java.util.List;

/**
 * How the reload of a plugin ended.
 *
 * @param id the plugin's
 * @param outcome what came of it
 * @param version that is in use now
 * @param before the version that was in use before
 * @param generation how often the plugin has been loaded, the first time included
 * @param detail what happened, for a person; if it was not reloaded, why, and what to do
 * @param users what still uses the version before: {@code 2 connections of listener web}; empty if nothing does
 */
public record PluginReload(
        String id, Outcome outcome, String version, String before, int generation, String detail, List<String> users) {

    /** What came of a reload. */
    public enum Outcome {
        /** The new version serves. */
        RELOADED,
        /** The new version is wrong: the old one serves as before. */
        WRONG,
        /** It has something that cannot be replaced while the process runs: nothing was changed. */
        IRREPLACEABLE,
        /** Not now, or not from where it was loaded: nothing was changed. */
        REFUSED
    }
}
