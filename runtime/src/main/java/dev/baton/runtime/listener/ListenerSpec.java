package dev.baton.runtime.listener;

import dev.baton.spi.listener.ListenerKind;
import dev.baton.spi.listener.UnbindStrategy;
import dev.baton.spi.service.Service;

/**
 * What a listener is made of.
 *
 * @param name its name in the configuration
 * @param bind where it listens, in the form of its kind
 * @param kind opens its socket
 * @param backlog how many connections the kernel keeps until they are accepted
 * @param maxConnections how many of its connections may be open at once, at least 1; {@link Integer#MAX_VALUE} for no limit
 * @param serviceName the service's name in the configuration
 * @param service what speaks on its connections
 * @param plugin id of the service's plugin, which the fds are counted for
 * @param unbind how it is unbound
 */
public record ListenerSpec(
        String name,
        String bind,
        ListenerKind kind,
        int backlog,
        int maxConnections,
        String serviceName,
        Service service,
        String plugin,
        UnbindStrategy unbind) {}
