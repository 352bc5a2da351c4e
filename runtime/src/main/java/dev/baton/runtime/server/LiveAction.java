package dev.baton.runtime.server;

import dev.baton.spi.admin.OfferedAction;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;

/** An action under a name, which stays when its plugin is reloaded. */
final class LiveAction implements OfferedAction {
    private volatile OfferedAction now;

    LiveAction(OfferedAction first) {
        this.now = first;
    }

    void set(OfferedAction next) {
        now = next;
    }

    @Override
    public List<Parameter> parameters() {
        return now.parameters();
    }

    @Override
    public CompletionStage<? extends Record> act(Map<String, String> given) {
        return now.act(given);
    }
}
