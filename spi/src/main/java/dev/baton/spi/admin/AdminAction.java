package dev.baton.spi.admin;

import dev.baton.spi.threading.AnyThread;
import java.util.concurrent.CompletionStage;

/**
 * Something that an operator can ask of a plugin.
 *
 * @param <P> the record of its parameters
 */
@FunctionalInterface
public interface AdminAction<P extends Record> {

    /**
     * Does it. Must not block: what takes long completes the stage later, from any thread.
     *
     * @return completes when it is done, with a record whose components become the answer's keys in kebab-case
     * @throws IllegalArgumentException if the parameters do not fit what there is; its message is the answer, with
     *     status 400
     */
    @AnyThread
    CompletionStage<? extends Record> act(P parameters);
}
