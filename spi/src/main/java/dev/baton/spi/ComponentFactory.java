package dev.baton.spi;

/**
 * Makes a component.
 *
 * @param <C> the record to which the component's section of the configuration is bound
 */
@FunctionalInterface
public interface ComponentFactory<C extends Record> {

    /** Makes it, without opening anything: {@code baton check} calls it too. */
    Component create(C config);
}
