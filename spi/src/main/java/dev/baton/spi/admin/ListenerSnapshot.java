package dev.baton.spi.admin;

import java.util.List;

/**
 * An element of {@code /v1/listeners}.
 *
 * @param name its name in the configuration
 * @param address where it listens, with its real port
 * @param service the service's name in the configuration
 * @param state what it does: {@code ready}, {@code suspended} and so on
 * @param accepted connections accepted so far
 * @param connections connections open now
 * @param protocols what its service says that it speaks, by the names of ALPN; empty if it does not say
 * @param filters types of its connection filters, in the order in which they are asked
 */
public record ListenerSnapshot(
        String name,
        String address,
        String service,
        String state,
        long accepted,
        int connections,
        List<String> protocols,
        List<String> filters) {
    /** With lists that do not change. */
    public ListenerSnapshot {
        protocols = List.copyOf(protocols);
        filters = List.copyOf(filters);
    }
}
