package dev.baton.runtime.config;

import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import java.util.Optional;

/**
 * One entry of {@code listeners:}.
 *
 * @param bind where it listens, in the form of one of the listener kinds
 * @param service the service that speaks on its connections
 * @param unbind the strategy of unbinding
 * @param backlog how many connections the kernel keeps until they are accepted; it may cap this itself
 * @param maxConnections how many of its connections may be open at once; without it only the fd limit counts
 */
public record ListenerConfig(
        String bind,
        @RefersTo(Reference.SERVICE) String service,

        @RefersTo(Reference.UNBIND_STRATEGY) @Default("drain")
        String unbind,

        @Default("4096") @Range(min = "1", max = "65535") int backlog,
        @Range(min = "1", max = "1048576") Optional<Integer> maxConnections) {}
