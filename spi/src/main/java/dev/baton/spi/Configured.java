package dev.baton.spi;

import dev.baton.spi.threading.OffLoop;

/**
 * Makes something that a plugin contributes, as the configuration says.
 *
 * @param <C> the record to which the keys are bound
 * @param <T> what is made
 */
@FunctionalInterface
public interface Configured<C extends Record, T> {

    /**
     * Makes one for each place of the configuration that names it. Opens nothing: {@code baton check} calls it too.
     *
     * @throws IllegalArgumentException if the keys contradict each other; its message becomes an error of the file
     */
    @OffLoop
    T create(C config);
}
