package dev.baton.spi.config;

import dev.baton.spi.threading.OffLoop;
import java.util.Optional;

/**
 * Says what is wrong with a single value of a configuration. Named by {@link Checked}.
 *
 * @param <T> the type of the component, without Optional, List and Map around it; a primitive type by its class
 */
@FunctionalInterface
public interface ValueCheck<T> {
    /** What is wrong, what was expected: one sentence without a full stop; empty if the value is right. */
    @OffLoop
    Optional<String> problem(T value);
}
