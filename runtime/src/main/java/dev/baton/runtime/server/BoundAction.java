package dev.baton.runtime.server;

import dev.baton.runtime.plugin.Contribution;
import dev.baton.spi.admin.AdminAction;
import dev.baton.spi.admin.OfferedAction;
import dev.baton.spi.admin.ParameterBinder;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** An action of a plugin, whose parameters are bound to its record by the rules of the configuration. */
final class BoundAction implements OfferedAction {
    private final String name;
    private final ParameterBinder binder;
    private final Class<? extends Record> record;
    private final Supplier<AdminAction<?>> action;

    BoundAction(String name, Contribution<AdminAction<?>> contribution, ParameterBinder binder) {
        this.name = name;
        this.binder = binder;
        this.record = contribution.config();
        this.action = contribution.early();
    }

    @Override
    public List<Parameter> parameters() {
        return binder.parameters(record);
    }

    @Override
    @SuppressWarnings("unchecked") // the contribution has the action and its record together
    public CompletionStage<? extends Record> act(Map<String, String> given) {
        return ((AdminAction<Record>) action.get()).act(binder.bind(name, record, given));
    }
}
