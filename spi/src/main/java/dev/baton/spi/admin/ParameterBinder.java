package dev.baton.spi.admin;

import dev.baton.spi.ByBaton;
import dev.baton.spi.admin.OfferedAction.Parameter;
import dev.baton.spi.threading.AnyThread;
import java.util.List;
import java.util.Map;

/** Binds the parameters of a request to a record, by the rules of the configuration. To be injected. */
@ByBaton
@AnyThread
public interface ParameterBinder {

    /** What a record of single values takes, in its order. */
    List<Parameter> parameters(Class<? extends Record> record);

    /**
     * Makes the record of what was given.
     *
     * @param what is asked for, for messages: {@code stop}
     * @param given the parameters as text, by their keys
     * @throws IllegalArgumentException with everything that is wrong with them
     */
    <P extends Record> P bind(String what, Class<P> record, Map<String, String> given);
}
