package dev.baton.runtime.pack;

import dev.baton.runtime.channel.PackedSocket;

/**
 * An upstream connection in use that goes along with its client's.
 *
 * @param of what it belongs to
 * @param socket its socket
 */
public record PackedCompanion(Place of, PackedSocket socket) {
    /**
     * Where an upstream connection belongs.
     *
     * @param upstream the upstream's name in the configuration
     * @param server the server as configured
     * @param plugin the plugin that opened it
     * @param profile what was set up on it, as that plugin calls it
     */
    public record Place(String upstream, String server, String plugin, String profile) {}
}
