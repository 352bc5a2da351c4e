package dev.baton.runtime.channel;

import io.netty.util.AttributeKey;
import io.netty.util.concurrent.Future;

/**
 * What a protocol between a connection and its service says when the service shuts the output: TLS tells the other side
 * that nothing more comes, so that it does not take the end of the stream for an attack.
 */
@FunctionalInterface
public interface OutputEnd {
    /** Where such a protocol leaves it. Used once. */
    AttributeKey<OutputEnd> KEY = AttributeKey.valueOf(OutputEnd.class, "KEY");

    /** Says it, under the claim; completes when it is written. */
    Future<?> say();
}
