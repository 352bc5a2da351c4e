package dev.baton.runtime.server;

import dev.baton.runtime.config.ConfigException;
import dev.baton.runtime.config.ConfigReader;
import dev.baton.runtime.config.Problem;
import dev.baton.runtime.config.RecordShape;
import dev.baton.runtime.plugin.Contribution;
import dev.baton.spi.admin.AdminAction;
import dev.baton.spi.admin.OfferedAction;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;

/** An action of a plugin, whose parameters are bound to its record by the rules of the configuration. */
final class BoundAction implements OfferedAction {
    private final String name;
    private final Class<? extends Record> record;
    private final AdminAction<Record> action;

    @SuppressWarnings("unchecked") // the contribution has the action and its record together
    BoundAction(String name, Contribution<AdminAction<?>> contribution) {
        this.name = name;
        this.record = contribution.config();
        this.action = (AdminAction<Record>) contribution.get();
    }

    @Override
    public List<Parameter> parameters() {
        return RecordShape.parameters(record);
    }

    @Override
    public CompletionStage<? extends Record> act(Map<String, String> given) {
        Record parameters;
        try {
            parameters = ConfigReader.parameters(name, record, given);
        } catch (ConfigException wrong) {
            throw new IllegalArgumentException(
                    wrong.problems().stream().map(Problem::message).collect(Collectors.joining("; ")), wrong);
        }
        return action.act(parameters);
    }
}
