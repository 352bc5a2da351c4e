package dev.baton.spi.admin;

import dev.baton.spi.upstream.ServerHealth;
import dev.baton.spi.upstream.ServerState;

/**
 * A server of an {@link UpstreamSnapshot}.
 *
 * @param server its address
 * @param state what an operator lets it do
 * @param weight its share of the requests, relative to the other servers
 * @param health what is known of it
 * @param healthMs how long it has been so, in milliseconds; 0 if that is not known
 * @param failure why it is down or ejected, or why its last check failed; empty if nothing has failed
 * @param inFlight connections in use or being opened, and requests that wait for one
 * @param waiting those of them that wait because of {@code max-connections}
 * @param idle connections in the pools
 * @param latencyMs how long its answers take, else its connects, on average and lately; 0 if nothing is known
 */
public record ServerSnapshot(
        String server,
        ServerState state,
        int weight,
        ServerHealth health,
        long healthMs,
        String failure,
        int inFlight,
        int waiting,
        int idle,
        double latencyMs) {}
