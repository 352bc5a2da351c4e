package dev.baton.spi.admin;

import dev.baton.spi.ByBaton;
import dev.baton.spi.threading.AnyThread;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** An action of a plugin as it is offered to operators: its parameters are text. */
@ByBaton
public interface OfferedAction {

    /**
     * One parameter.
     *
     * @param name its key
     * @param type what it is, for a person: {@code number}, {@code duration}, {@code text} or the words that are
     *     possible
     * @param required whether it must be given
     * @param otherwise its value where it is not given, if it has one
     */
    record Parameter(String name, String type, boolean required, Optional<String> otherwise) {}

    /** What it takes, in the order of its record. */
    List<Parameter> parameters();

    /**
     * Does it; as {@link AdminAction#act}.
     *
     * @throws IllegalArgumentException with everything that is wrong with the parameters
     */
    @AnyThread
    CompletionStage<? extends Record> act(Map<String, String> given);
}
