package dev.baton.spi.service;

/**
 * Makes the services of one type.
 *
 * @param <C> the record to which the service's configuration is bound
 */
@FunctionalInterface
public interface ServiceFactory<C extends Record> {

    /**
     * Makes a service. Must not open sockets: {@code baton check} calls it too.
     *
     * @param name the service's name in the configuration
     */
    Service create(String name, C config, ServiceContext context);
}
