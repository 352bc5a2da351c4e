package dev.baton.runtime.upstream;

import dev.baton.spi.upstream.ServerState;

/**
 * How a server of an upstream differs from what the configuration of its process says.
 *
 * @param upstream the upstream's name
 * @param server its address
 * @param state what it may do; REMOVED if only the configuration has it
 * @param weight its weight
 * @param configured its weight in the configuration; negative if it was added at run time
 */
public record ServerChange(String upstream, String server, ServerState state, int weight, int configured) {
    /** Whether the configuration does not have it. */
    boolean isAdded() {
        return configured < 0;
    }
}
