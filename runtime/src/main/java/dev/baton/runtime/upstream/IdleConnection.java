package dev.baton.runtime.upstream;

/**
 * An idle upstream connection on its way to another process.
 *
 * @param upstream the upstream's name in the configuration
 * @param server the server as configured
 * @param plugin the plugin that opened it; empty if the other process did not say
 * @param profile what was set up on it, as that plugin calls it
 * @param idleMillis how long it has been idle
 * @param number the kernel's number in this process
 */
public record IdleConnection(
        String upstream, String server, String plugin, String profile, long idleMillis, int number) {
    /** Whether both go to one pool. */
    public boolean hasKeyOf(IdleConnection other) {
        return upstream.equals(other.upstream)
                && server.equals(other.server)
                && plugin.equals(other.plugin)
                && profile.equals(other.profile);
    }
}
