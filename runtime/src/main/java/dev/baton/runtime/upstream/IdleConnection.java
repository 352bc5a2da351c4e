package dev.baton.runtime.upstream;

/**
 * An idle upstream connection on its way to another process.
 *
 * @param upstream the upstream's name in the configuration
 * @param server the server as configured
 * @param profile what was set up on it, as the service that uses it calls that
 * @param idleMillis how long it has been idle
 * @param number the kernel's number in this process
 */
public record IdleConnection(String upstream, String server, String profile, long idleMillis, int number) {
    public boolean hasKeyOf(IdleConnection other) {
        return upstream.equals(other.upstream) && server.equals(other.server) && profile.equals(other.profile);
    }
}
