package dev.baton.spi.loop;

/**
 * Connections that stay on their loop whatever happens to it: those of Vert.x are bound to their context.
 *
 * @param plugin id of the plugin whose Vertx has them; empty if it is not known
 * @param count how many
 */
public record BoundConnections(String plugin, int count) {
    /** For a person: {@code 3 connections of plugin shop's Vert.x}. */
    @Override
    public String toString() {
        return count
                + (count == 1 ? " connection of " : " connections of ")
                + (plugin.isEmpty() ? "Vert.x" : "plugin " + plugin + "'s Vert.x");
    }
}
