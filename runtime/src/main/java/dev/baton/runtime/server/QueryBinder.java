package dev.baton.runtime.server;

import dev.baton.runtime.config.ConfigException;
import dev.baton.runtime.config.ConfigReader;
import dev.baton.runtime.config.Problem;
import dev.baton.runtime.config.RecordShape;
import dev.baton.spi.admin.OfferedAction.Parameter;
import dev.baton.spi.admin.ParameterBinder;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Binds the parameters of requests as the configuration binds the keys of a file. */
public final class QueryBinder implements ParameterBinder {
    /** It keeps nothing. */
    public QueryBinder() {}

    @Override
    public List<Parameter> parameters(Class<? extends Record> record) {
        return RecordShape.parameters(record);
    }

    @Override
    public <P extends Record> P bind(String what, Class<P> record, Map<String, String> given) {
        try {
            return ConfigReader.parameters(what, record, given);
        } catch (ConfigException wrong) {
            throw new IllegalArgumentException(
                    wrong.problems().stream().map(Problem::message).collect(Collectors.joining("; ")), wrong);
        }
    }
}
