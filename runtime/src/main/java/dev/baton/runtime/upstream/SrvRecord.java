package dev.baton.runtime.upstream;

import java.util.Locale;

/**
 * A record of type SRV (RFC 2782): one server of a service.
 *
 * @param priority servers with a greater one are for when those with a lower one cannot be used
 * @param weight its share, relative to others of the same priority, 0 to 65535
 * @param port its port
 * @param target the name of its host, in lower case, without a dot at its end; empty in the one record of a service
 *     that is not offered
 */
public record SrvRecord(int priority, int weight, int port, String target) {
    /** Brings the name into that form. */
    public SrvRecord {
        target = target.toLowerCase(Locale.ROOT);
        target = target.endsWith(".") ? target.substring(0, target.length() - 1) : target;
    }

    /** {@code host:port}. */
    String address() {
        return target + ':' + port;
    }
}
