package dev.baton.plugin.chaos;

import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.service.ServiceFactory;
import jakarta.inject.Inject;

/** Makes the services of type {@code chaos}. */
final class ChaosFactory implements ServiceFactory<ChaosConfig> {
    private final Delays delays;

    @Inject
    ChaosFactory(Delays delays) {
        this.delays = delays;
    }

    @Override
    public Service create(String name, ChaosConfig config, ServiceContext context) {
        return new ChaosService(config, delays);
    }
}
