package dev.baton.runtime.config;

import java.util.Optional;
import java.util.Set;

/**
 * One entry of {@code services:}.
 *
 * @param type the service type of a plugin
 * @param settings the keys of that type, bound to its record
 * @param lane whether it may get loops of its own
 */
public record ServiceConfig(String type, Record settings, Optional<LaneConfig> lane) {

    /** The keys that a service of any type may have. */
    record Keys(Optional<LaneConfig> lane) {}

    /** A service without a lane. */
    public ServiceConfig(String type, Record settings) {
        this(type, settings, Optional.empty());
    }

    /** The names of the keys that no type can have, because all have them. */
    public static Set<String> ownKeys() {
        return RecordShape.withKeys(Keys.class, RecordBinder.TYPE);
    }
}
