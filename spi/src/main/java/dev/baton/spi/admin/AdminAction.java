package dev.baton.spi.admin;

import dev.baton.spi.threading.AnyThread;
import java.util.Map;
import java.util.concurrent.CompletionStage;

/** Something that an operator can ask of a plugin: {@code POST /v1/NAME?KEY=VALUE&...}. */
public interface AdminAction {

    /** Its place below {@code /v1/}: words in kebab-case with slashes between them, for example {@code chaos/block}. */
    String name();

    /**
     * Does it. Must not block: what takes long completes the stage later, from any thread.
     *
     * @param parameters the query's, each key once
     * @return completes when it is done, with a record whose components become the answer's keys in kebab-case
     * @throws IllegalArgumentException if a parameter is missing or wrong; its message is the answer, with status 400
     */
    @AnyThread
    CompletionStage<? extends Record> act(Map<String, String> parameters);
}
