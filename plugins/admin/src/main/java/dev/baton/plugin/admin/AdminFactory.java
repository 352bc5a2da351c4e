package dev.baton.plugin.admin;

import dev.baton.spi.Component;
import dev.baton.spi.ComponentFactory;
import dev.baton.spi.admin.ParameterBinder;
import dev.baton.spi.admin.RuntimeControl;
import dev.baton.spi.admin.RuntimeView;
import dev.baton.spi.config.Spelling;
import dev.baton.spi.loop.Apart;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.posix.UnixServers;
import dev.baton.spi.traffic.Traffic;
import io.vertx.core.Vertx;
import jakarta.inject.Inject;

/** Makes the admin server. */
public final class AdminFactory implements ComponentFactory<AdminConfig> {
    private final Vertx vertx;
    private final RuntimeView view;
    private final RuntimeControl control;
    private final Metrics metrics;
    private final UnixServers unixServers;
    private final Spelling spelling;
    private final ParameterBinder parameters;
    private final Traffic traffic;

    /**
     * Takes what the API is about.
     *
     * @param vertx whose event loop serves the API
     * @param view what it shows
     * @param control what it steers
     * @param metrics what {@code /metrics} tells
     * @param unixServers who may reach a unix socket
     * @param spelling what a wrong name may have meant
     * @param parameters reads those of requests
     * @param traffic what {@code /v1/tail} watches
     */
    @Inject
    public AdminFactory(
            @Apart Vertx vertx,
            RuntimeView view,
            RuntimeControl control,
            Metrics metrics,
            UnixServers unixServers,
            Spelling spelling,
            ParameterBinder parameters,
            Traffic traffic) {
        this.vertx = vertx;
        this.view = view;
        this.control = control;
        this.metrics = metrics;
        this.unixServers = unixServers;
        this.spelling = spelling;
        this.parameters = parameters;
        this.traffic = traffic;
    }

    @Override
    public Component create(AdminConfig config) {
        return new AdminServer(config, vertx, view, control, metrics, unixServers, spelling, parameters, traffic);
    }
}
