package dev.baton.runtime.upstream;

/**
 * A server of an upstream that its checks have found down, for the process after this one.
 *
 * @param upstream the upstream's name
 * @param server its address
 * @param millis for how long it has been down, in milliseconds
 * @param failure why its last check failed
 */
public record ServerDown(String upstream, String server, long millis, String failure) {}
